// Made by proto/generate.py; do not edit.
export type Language = "en" | "de" | "fr" | "es" | "it" | "pt" | "nl";

export const languages: readonly Language[] = ["en", "de", "fr", "es", "it", "pt", "nl"];

export type ReasonCode =
  "plan_excludes_adhoc" |
  "permission_missing" |
  "technician_limit" |
  "company_limit" |
  "no_licence" |
  "invalid_email" |
  "mail_rejected" |
  "mail_delayed" |
  "code_invalid" |
  "code_superseded" |
  "attempts_exhausted" |
  "invitation_expired" |
  "invitation_superseded" |
  "already_activated" |
  "host_installed" |
  "not_administrator" |
  "windows_unsupported" |
  "password_refused_by_policy" |
  "account_failed" |
  "service_failed" |
  "computer_offline" |
  "password_wrong" |
  "plan_excludes_feature" |
  "ticket_invalid" |
  "consent_refused" |
  "ended_by_technician" |
  "ended_by_customer" |
  "ended_by_admin" |
  "ended_by_operator" |
  "computer_deleted" |
  "company_suspended" |
  "session_expired" |
  "not_found" |
  "unauthenticated" |
  "invalid_request" |
  "wrong_state" |
  "rate_limited" |
  "idempotency_conflict" |
  "unavailable" |
  "network_blocked" |
  "computer_in_use" |
  "computer_exists" |
  "precondition_failed" |
  "handed_over" |
  "feature_unavailable" |
  "second_factor_required" |
  "last_administrator" |
  "email_taken";

/** status: HTTP; 0: a state or an end that no request is answered with. */
export interface Reason {
  status: number;
  technician: Record<Language, string>;
}

export const reasons: Record<ReasonCode, Reason> = {
  "plan_excludes_adhoc": {
    "status": 403,
    "technician": {
      "en": "Your company's plan does not include ad-hoc support. Ask your administrator to change the plan.",
      "de": "Der Tarif Ihres Unternehmens enthält keinen Ad-hoc-Support. Bitten Sie Ihre Administration, den Tarif zu ändern.",
      "fr": "Le forfait de votre entreprise ne comprend pas l'assistance ponctuelle. Demandez à votre administrateur de changer de forfait.",
      "es": "El plan de su empresa no incluye la asistencia puntual. Pida a su administrador que cambie el plan.",
      "it": "Il piano della sua azienda non comprende l'assistenza occasionale. Chieda all'amministratore di cambiare piano.",
      "pt": "O plano da sua empresa não inclui a assistência pontual. Peça ao administrador que altere o plano.",
      "nl": "Het abonnement van uw bedrijf bevat geen ad-hocondersteuning. Vraag uw beheerder het abonnement te wijzigen."
    }
  },
  "permission_missing": {
    "status": 403,
    "technician": {
      "en": "You do not have the permission for this. Ask an administrator of your company to grant it.",
      "de": "Ihnen fehlt die Berechtigung dafür. Bitten Sie eine Administratorin oder einen Administrator Ihres Unternehmens darum.",
      "fr": "Vous n'avez pas l'autorisation nécessaire. Demandez-la à un administrateur de votre entreprise.",
      "es": "No tiene permiso para esto. Solicítelo a un administrador de su empresa.",
      "it": "Non ha l'autorizzazione per questa operazione. La chieda a un amministratore della sua azienda.",
      "pt": "Não tem permissão para isto. Peça-a a um administrador da sua empresa.",
      "nl": "U hebt hiervoor geen toestemming. Vraag een beheerder van uw bedrijf om deze te verlenen."
    }
  },
  "technician_limit": {
    "status": 409,
    "technician": {
      "en": "You already have an open session. Send its invitation again, or end it before you start a new one.",
      "de": "Sie haben bereits eine offene Sitzung. Senden Sie deren Einladung erneut, oder beenden Sie sie, bevor Sie eine neue beginnen.",
      "fr": "Vous avez déjà une session ouverte. Renvoyez son invitation ou terminez-la avant d'en créer une nouvelle.",
      "es": "Ya tiene una sesión abierta. Vuelva a enviar su invitación o finalícela antes de iniciar una nueva.",
      "it": "Ha già una sessione aperta. Invii di nuovo l'invito oppure la termini prima di avviarne un'altra.",
      "pt": "Já tem uma sessão aberta. Envie de novo o convite ou termine-a antes de iniciar uma nova.",
      "nl": "U hebt al een open sessie. Verstuur de uitnodiging daarvan opnieuw of beëindig de sessie voordat u een nieuwe start."
    }
  },
  "company_limit": {
    "status": 409,
    "technician": {
      "en": "Your company has as many open sessions as it may have at once. Wait until a colleague's session ends, or ask your administrator.",
      "de": "Ihr Unternehmen hat die Höchstzahl gleichzeitig offener Sitzungen erreicht. Warten Sie, bis eine endet, oder fragen Sie Ihre Administration.",
      "fr": "Votre entreprise a atteint le nombre maximal de sessions ouvertes. Attendez qu'une session se termine ou adressez-vous à votre administrateur.",
      "es": "Su empresa ha alcanzado el máximo de sesiones abiertas a la vez. Espere a que termine alguna o consulte a su administrador.",
      "it": "La sua azienda ha raggiunto il numero massimo di sessioni aperte. Attenda che ne termini una o si rivolga all'amministratore.",
      "pt": "A sua empresa atingiu o número máximo de sessões abertas em simultâneo. Aguarde que uma termine ou fale com o administrador.",
      "nl": "Uw bedrijf heeft het maximale aantal gelijktijdig open sessies bereikt. Wacht tot er een eindigt of vraag het uw beheerder."
    }
  },
  "no_licence": {
    "status": 409,
    "technician": {
      "en": "Your company has no free licence. End a session you no longer need, remove a computer, or ask your administrator for more licences.",
      "de": "Ihr Unternehmen hat keine freie Lizenz. Beenden Sie eine nicht mehr benötigte Sitzung, entfernen Sie einen Computer, oder bitten Sie Ihre Administration um mehr Lizenzen.",
      "fr": "Votre entreprise n'a plus de licence libre. Terminez une session devenue inutile, supprimez un ordinateur ou demandez des licences à votre administrateur.",
      "es": "Su empresa no tiene licencias libres. Finalice una sesión que ya no necesite, elimine un equipo o pida más licencias a su administrador.",
      "it": "La sua azienda non ha licenze libere. Termini una sessione non più necessaria, rimuova un computer o chieda altre licenze all'amministratore.",
      "pt": "A sua empresa não tem licenças livres. Termine uma sessão de que já não precise, remova um computador ou peça mais licenças ao administrador.",
      "nl": "Uw bedrijf heeft geen vrije licentie. Beëindig een sessie die niet meer nodig is, verwijder een computer of vraag uw beheerder om meer licenties."
    }
  },
  "invalid_email": {
    "status": 422,
    "technician": {
      "en": "This is not a valid e-mail address. Correct it, or prepare the session without a mail and share the link another way.",
      "de": "Das ist keine gültige E-Mail-Adresse. Berichtigen Sie sie, oder bereiten Sie die Sitzung ohne E-Mail vor und geben Sie den Link anders weiter.",
      "fr": "Cette adresse e-mail n'est pas valable. Corrigez-la ou préparez la session sans e-mail et transmettez le lien autrement.",
      "es": "Esta dirección de correo no es válida. Corríjala o prepare la sesión sin correo y comparta el enlace de otra forma.",
      "it": "Questo indirizzo e-mail non è valido. Lo corregga oppure prepari la sessione senza e-mail e condivida il link in altro modo.",
      "pt": "Este endereço de e-mail não é válido. Corrija-o ou prepare a sessão sem e-mail e partilhe a ligação de outra forma.",
      "nl": "Dit is geen geldig e-mailadres. Verbeter het of bereid de sessie zonder e-mail voor en deel de link op een andere manier."
    }
  },
  "mail_rejected": {
    "status": 0,
    "technician": {
      "en": "The mail server refused the invitation for good. Check the address with the customer, or copy the link and share it another way.",
      "de": "Der Mailserver hat die Einladung endgültig abgelehnt. Prüfen Sie die Adresse mit Ihrem Gegenüber, oder kopieren Sie den Link und geben Sie ihn anders weiter.",
      "fr": "Le serveur de messagerie a définitivement refusé l'invitation. Vérifiez l'adresse avec le client ou copiez le lien et transmettez-le autrement.",
      "es": "El servidor de correo ha rechazado la invitación de forma definitiva. Compruebe la dirección con el cliente o copie el enlace y compártalo de otra forma.",
      "it": "Il server di posta ha rifiutato definitivamente l'invito. Verifichi l'indirizzo con il cliente oppure copi il link e lo condivida in altro modo.",
      "pt": "O servidor de correio recusou definitivamente o convite. Confirme o endereço com o cliente ou copie a ligação e partilhe-a de outra forma.",
      "nl": "De mailserver heeft de uitnodiging definitief geweigerd. Controleer het adres met de klant of kopieer de link en deel hem op een andere manier."
    }
  },
  "mail_delayed": {
    "status": 0,
    "technician": {
      "en": "The mail server did not take the invitation yet; it is tried again by itself. If it is urgent, copy the link and share it another way.",
      "de": "Der Mailserver hat die Einladung noch nicht angenommen; sie wird von selbst erneut gesendet. Wenn es eilt, kopieren Sie den Link und geben Sie ihn anders weiter.",
      "fr": "Le serveur de messagerie n'a pas encore accepté l'invitation ; elle sera renvoyée automatiquement. En cas d'urgence, copiez le lien et transmettez-le autrement.",
      "es": "El servidor de correo aún no ha aceptado la invitación; se reintenta automáticamente. Si es urgente, copie el enlace y compártalo de otra forma.",
      "it": "Il server di posta non ha ancora accettato l'invito; l'invio viene ritentato automaticamente. Se è urgente, copi il link e lo condivida in altro modo.",
      "pt": "O servidor de correio ainda não aceitou o convite; o envio é repetido automaticamente. Se for urgente, copie a ligação e partilhe-a de outra forma.",
      "nl": "De mailserver heeft de uitnodiging nog niet aangenomen; er wordt vanzelf opnieuw geprobeerd. Kopieer bij haast de link en deel hem op een andere manier."
    }
  },
  "code_invalid": {
    "status": 403,
    "technician": {
      "en": "The customer typed a wrong code. Read it out again slowly, in three groups of four digits.",
      "de": "Es wurde ein falscher Code eingegeben. Lesen Sie ihn noch einmal langsam vor, in drei Gruppen zu vier Ziffern.",
      "fr": "Le client a saisi un code erroné. Relisez-le lentement, en trois groupes de quatre chiffres.",
      "es": "El cliente ha escrito un código incorrecto. Léalo de nuevo despacio, en tres grupos de cuatro cifras.",
      "it": "Il cliente ha inserito un codice errato. Lo rilegga lentamente, in tre gruppi di quattro cifre.",
      "pt": "O cliente introduziu um código errado. Leia-o de novo devagar, em três grupos de quatro algarismos.",
      "nl": "De klant heeft een verkeerde code ingevoerd. Lees hem nog eens langzaam voor, in drie groepen van vier cijfers."
    }
  },
  "code_superseded": {
    "status": 403,
    "technician": {
      "en": "The customer typed the code of an earlier invitation. Read out the code that was made with the latest link.",
      "de": "Es wurde der Code einer früheren Einladung eingegeben. Lesen Sie den Code vor, der zum neuesten Link gehört.",
      "fr": "Le client a saisi le code d'une invitation précédente. Lisez-lui le code créé avec le dernier lien.",
      "es": "El cliente ha escrito el código de una invitación anterior. Léale el código creado con el último enlace.",
      "it": "Il cliente ha inserito il codice di un invito precedente. Legga il codice creato con l'ultimo link.",
      "pt": "O cliente introduziu o código de um convite anterior. Leia o código criado com a ligação mais recente.",
      "nl": "De klant heeft de code van een eerdere uitnodiging ingevoerd. Lees de code voor die bij de nieuwste link hoort."
    }
  },
  "attempts_exhausted": {
    "status": 403,
    "technician": {
      "en": "Five wrong codes were typed, so the invitation is locked. Choose Send again: it makes a new link and a new code.",
      "de": "Es wurden fünf falsche Codes eingegeben, daher ist die Einladung gesperrt. Wählen Sie „Erneut senden“: So entstehen ein neuer Link und ein neuer Code.",
      "fr": "Cinq codes erronés ont été saisis : l'invitation est bloquée. Choisissez « Renvoyer » pour créer un nouveau lien et un nouveau code.",
      "es": "Se han escrito cinco códigos incorrectos y la invitación está bloqueada. Elija «Enviar de nuevo»: se crearán un enlace y un código nuevos.",
      "it": "Sono stati inseriti cinque codici errati e l'invito è bloccato. Scelga «Invia di nuovo»: verranno creati un nuovo link e un nuovo codice.",
      "pt": "Foram introduzidos cinco códigos errados e o convite está bloqueado. Escolha «Enviar de novo»: serão criados uma ligação e um código novos.",
      "nl": "Er zijn vijf verkeerde codes ingevoerd, dus de uitnodiging is geblokkeerd. Kies ‘Opnieuw versturen’: dat maakt een nieuwe link en een nieuwe code."
    }
  },
  "invitation_expired": {
    "status": 410,
    "technician": {
      "en": "The invitation was not used in time and has expired; its licence is free again. Create a new session.",
      "de": "Die Einladung wurde nicht rechtzeitig genutzt und ist abgelaufen; ihre Lizenz ist wieder frei. Erstellen Sie eine neue Sitzung.",
      "fr": "L'invitation n'a pas été utilisée à temps et a expiré ; sa licence est de nouveau libre. Créez une nouvelle session.",
      "es": "La invitación no se usó a tiempo y ha caducado; su licencia vuelve a estar libre. Cree una sesión nueva.",
      "it": "L'invito non è stato usato in tempo ed è scaduto; la licenza è di nuovo libera. Crei una nuova sessione.",
      "pt": "O convite não foi usado a tempo e expirou; a licença está novamente livre. Crie uma nova sessão.",
      "nl": "De uitnodiging is niet op tijd gebruikt en is verlopen; de licentie is weer vrij. Maak een nieuwe sessie."
    }
  },
  "invitation_superseded": {
    "status": 410,
    "technician": {
      "en": "The customer used an older link. Ask them to open the link of your latest invitation.",
      "de": "Es wurde ein älterer Link benutzt. Bitten Sie darum, den Link Ihrer neuesten Einladung zu öffnen.",
      "fr": "Le client a utilisé un ancien lien. Demandez-lui d'ouvrir celui de votre dernière invitation.",
      "es": "El cliente ha usado un enlace antiguo. Pídale que abra el de su última invitación.",
      "it": "Il cliente ha usato un link precedente. Gli chieda di aprire quello dell'ultimo invito.",
      "pt": "O cliente usou uma ligação antiga. Peça-lhe que abra a do convite mais recente.",
      "nl": "De klant heeft een oudere link gebruikt. Vraag om de link van uw nieuwste uitnodiging te openen."
    }
  },
  "already_activated": {
    "status": 409,
    "technician": {
      "en": "An earlier session is still open on this computer; the details say whose. If it is yours, just connect; if it is a colleague's, wait until it ends or contact them.",
      "de": "Auf diesem Computer ist noch eine frühere Sitzung offen; wessen, steht in den Einzelheiten. Ist es Ihre eigene, verbinden Sie sich einfach; gehört sie jemand anderem, warten Sie ihr Ende ab oder fragen Sie dort nach.",
      "fr": "Une session précédente est encore ouverte sur cet ordinateur ; le détail indique de qui. Si c'est la vôtre, connectez-vous ; sinon, attendez sa fin ou contactez le technicien concerné.",
      "es": "En este equipo sigue abierta una sesión anterior; el detalle indica de quién. Si es suya, simplemente conéctese; si es de otro técnico, espere a que termine o contacte con él.",
      "it": "Su questo computer è ancora aperta una sessione precedente; il dettaglio indica di chi. Se è sua, si colleghi; se è di un altro tecnico, attenda che termini o lo contatti.",
      "pt": "Neste computador ainda está aberta uma sessão anterior; o detalhe indica de quem. Se for sua, basta ligar-se; se for de outro técnico, aguarde que termine ou contacte-o.",
      "nl": "Op deze computer is nog een eerdere sessie open; de details zeggen van wie. Is die van u, maak dan gewoon verbinding; is die van iemand anders, wacht tot ze eindigt of neem contact op."
    }
  },
  "host_installed": {
    "status": 409,
    "technician": {
      "en": "Permanent host software is installed on this PC. If it is your company's, connect under Computers; otherwise ask whoever installed it.",
      "de": "Auf diesem PC ist dauerhafte Host-Software installiert. Gehört sie Ihrem Unternehmen, verbinden Sie sich unter „Computer“; sonst fragen Sie dort nach, wo sie installiert wurde.",
      "fr": "Un logiciel hôte permanent est installé sur ce PC. S'il s'agit de celui de votre entreprise, passez par « Ordinateurs » ; sinon, adressez-vous à la personne qui l'a installé.",
      "es": "En este PC hay software de host permanente instalado. Si es de su empresa, conéctese desde «Equipos»; si no, pregunte a quien lo instaló.",
      "it": "Su questo PC è installato un software host permanente. Se è della sua azienda, si colleghi da «Computer»; altrimenti si rivolga a chi lo ha installato.",
      "pt": "Neste PC está instalado software de anfitrião permanente. Se for da sua empresa, ligue-se em «Computadores»; caso contrário, pergunte a quem o instalou.",
      "nl": "Op deze pc is permanente hostsoftware geïnstalleerd. Is die van uw bedrijf, maak dan verbinding via ‘Computers’; vraag het anders aan wie ze heeft geïnstalleerd."
    }
  },
  "not_administrator": {
    "status": 403,
    "technician": {
      "en": "The program was started without administrator rights. Ask the customer to start it as an administrator, or to fetch somebody who can.",
      "de": "Das Programm wurde ohne Administratorrechte gestartet. Bitten Sie darum, es als Administrator zu starten oder jemanden mit diesen Rechten zu holen.",
      "fr": "Le programme a été lancé sans droits d'administrateur. Demandez au client de le lancer en tant qu'administrateur ou de faire venir quelqu'un qui le peut.",
      "es": "El programa se inició sin derechos de administrador. Pida al cliente que lo ejecute como administrador o que busque a alguien que pueda hacerlo.",
      "it": "Il programma è stato avviato senza diritti di amministratore. Chieda al cliente di avviarlo come amministratore o di chiamare chi può farlo.",
      "pt": "O programa foi iniciado sem direitos de administrador. Peça ao cliente que o execute como administrador ou que chame alguém que o possa fazer.",
      "nl": "Het programma is zonder beheerdersrechten gestart. Vraag de klant het als beheerder te starten of iemand te halen die dat kan."
    }
  },
  "windows_unsupported": {
    "status": 409,
    "technician": {
      "en": "The customer's Windows is too old: Windows 10 version 1809, Windows 11 or Server 2016 or newer is needed. Help another way or ask them to update.",
      "de": "Dieses Windows ist zu alt: Nötig ist Windows 10 ab Version 1809, Windows 11 oder Server ab 2016. Helfen Sie auf anderem Weg, oder bitten Sie um ein Update.",
      "fr": "Le Windows du client est trop ancien : il faut Windows 10 version 1809, Windows 11 ou Server 2016, ou plus récent. Aidez-le autrement ou demandez une mise à jour.",
      "es": "El Windows del cliente es demasiado antiguo: se necesita Windows 10 versión 1809, Windows 11 o Server 2016, o posterior. Ayude de otra forma o pida que lo actualice.",
      "it": "Il Windows del cliente è troppo vecchio: serve Windows 10 versione 1809, Windows 11 o Server 2016, o più recente. Aiuti in altro modo o chieda di aggiornarlo.",
      "pt": "O Windows do cliente é demasiado antigo: é preciso Windows 10 versão 1809, Windows 11 ou Server 2016, ou mais recente. Ajude de outra forma ou peça que o atualize.",
      "nl": "De Windows van de klant is te oud: Windows 10 versie 1809, Windows 11 of Server 2016 of nieuwer is nodig. Help op een andere manier of vraag om een update."
    }
  },
  "password_refused_by_policy": {
    "status": 422,
    "technician": {
      "en": "The computer's password policy refuses this session password. Enter a longer one with upper and lower case, digits and symbols; no new invitation is needed.",
      "de": "Die Kennwortrichtlinie des Computers lehnt dieses Sitzungskennwort ab. Geben Sie ein längeres mit Groß- und Kleinbuchstaben, Ziffern und Sonderzeichen ein; eine neue Einladung ist nicht nötig.",
      "fr": "La stratégie de mots de passe de l'ordinateur refuse ce mot de passe de session. Saisissez-en un plus long avec majuscules, minuscules, chiffres et symboles ; aucune nouvelle invitation n'est nécessaire.",
      "es": "La directiva de contraseñas del equipo rechaza esta contraseña de sesión. Escriba una más larga con mayúsculas, minúsculas, cifras y símbolos; no hace falta otra invitación.",
      "it": "I criteri del computer rifiutano questa password di sessione. Ne inserisca una più lunga con maiuscole, minuscole, cifre e simboli; non serve un nuovo invito.",
      "pt": "A política de palavras-passe do computador recusa esta palavra-passe de sessão. Introduza uma mais longa com maiúsculas, minúsculas, algarismos e símbolos; não é preciso novo convite.",
      "nl": "Het wachtwoordbeleid van de computer weigert dit sessiewachtwoord. Voer een langer wachtwoord in met hoofdletters, kleine letters, cijfers en speciale tekens; een nieuwe uitnodiging is niet nodig."
    }
  },
  "account_failed": {
    "status": 422,
    "technician": {
      "en": "Windows did not let the program make its temporary account. Ask the customer to restart the PC and try again; look into the details on the session page.",
      "de": "Windows hat das temporäre Konto nicht zugelassen. Bitten Sie darum, den PC neu zu starten und es erneut zu versuchen; Einzelheiten stehen auf der Sitzungsseite.",
      "fr": "Windows n'a pas permis de créer le compte temporaire. Demandez au client de redémarrer le PC et de réessayer ; les détails figurent sur la page de la session.",
      "es": "Windows no permitió crear la cuenta temporal. Pida al cliente que reinicie el PC y lo intente de nuevo; los detalles están en la página de la sesión.",
      "it": "Windows non ha consentito di creare l'account temporaneo. Chieda al cliente di riavviare il PC e riprovare; i dettagli sono nella pagina della sessione.",
      "pt": "O Windows não permitiu criar a conta temporária. Peça ao cliente que reinicie o PC e tente de novo; os detalhes estão na página da sessão.",
      "nl": "Windows stond het maken van het tijdelijke account niet toe. Vraag de klant de pc opnieuw te starten en het nog eens te proberen; de details staan op de sessiepagina."
    }
  },
  "service_failed": {
    "status": 422,
    "technician": {
      "en": "The program could not set itself up as a Windows service. Security software may hold it back: ask the customer to allow it, then to start the program again.",
      "de": "Das Programm konnte sich nicht als Windows-Dienst einrichten. Vielleicht hält Sicherheitssoftware es auf: Bitten Sie darum, es zuzulassen und das Programm erneut zu starten.",
      "fr": "Le programme n'a pas pu s'installer comme service Windows. Un logiciel de sécurité le bloque peut-être : demandez au client de l'autoriser, puis de relancer le programme.",
      "es": "El programa no pudo configurarse como servicio de Windows. Quizá lo bloquee un software de seguridad: pida al cliente que lo permita y que vuelva a iniciar el programa.",
      "it": "Il programma non è riuscito a configurarsi come servizio di Windows. Forse un software di sicurezza lo blocca: chieda al cliente di consentirlo e di riavviare il programma.",
      "pt": "O programa não conseguiu instalar-se como serviço do Windows. Talvez um software de segurança o bloqueie: peça ao cliente que o permita e que volte a abrir o programa.",
      "nl": "Het programma kon zich niet als Windows-service instellen. Mogelijk houdt beveiligingssoftware het tegen: vraag de klant dit toe te staan en het programma opnieuw te starten."
    }
  },
  "computer_offline": {
    "status": 409,
    "technician": {
      "en": "The computer is not connected. Ask the customer: is it switched on, does the internet work, is the support program still running? It reconnects by itself.",
      "de": "Der Computer ist nicht verbunden. Fragen Sie nach: Ist er eingeschaltet, geht das Internet, läuft das Support-Programm noch? Er verbindet sich von selbst wieder.",
      "fr": "L'ordinateur n'est pas connecté. Demandez au client : est-il allumé, Internet fonctionne-t-il, le programme d'assistance est-il encore ouvert ? Il se reconnecte tout seul.",
      "es": "El equipo no está conectado. Pregunte al cliente: ¿está encendido, funciona Internet, sigue abierto el programa de asistencia? Se reconecta solo.",
      "it": "Il computer non è connesso. Chieda al cliente: è acceso, Internet funziona, il programma di assistenza è ancora in esecuzione? Si ricollega da solo.",
      "pt": "O computador não está ligado ao serviço. Pergunte ao cliente: está ligado, a internet funciona, o programa de assistência continua aberto? Volta a ligar-se sozinho.",
      "nl": "De computer is niet verbonden. Vraag de klant: staat hij aan, werkt het internet, draait het supportprogramma nog? Hij maakt vanzelf weer verbinding."
    }
  },
  "password_wrong": {
    "status": 403,
    "technician": {
      "en": "The session password is wrong. Type the one you chose when you created the session; after five wrong ones you must wait longer each time.",
      "de": "Das Sitzungskennwort ist falsch. Geben Sie das Kennwort ein, das Sie beim Erstellen gewählt haben; nach fünf falschen wird die Wartezeit jedes Mal länger.",
      "fr": "Le mot de passe de session est incorrect. Saisissez celui choisi à la création ; après cinq erreurs, l'attente s'allonge à chaque fois.",
      "es": "La contraseña de sesión es incorrecta. Escriba la que eligió al crear la sesión; tras cinco errores hay que esperar cada vez más.",
      "it": "La password di sessione è errata. Inserisca quella scelta alla creazione; dopo cinque errori l'attesa aumenta ogni volta.",
      "pt": "A palavra-passe da sessão está errada. Introduza a que escolheu ao criar a sessão; após cinco erros a espera aumenta de cada vez.",
      "nl": "Het sessiewachtwoord is onjuist. Typ het wachtwoord dat u bij het maken koos; na vijf fouten wordt de wachttijd telkens langer."
    }
  },
  "plan_excludes_feature": {
    "status": 403,
    "technician": {
      "en": "Your company's plan does not include this function. Use remote control or chat, or ask your administrator to change the plan.",
      "de": "Der Tarif Ihres Unternehmens enthält diese Funktion nicht. Nutzen Sie Fernsteuerung oder Chat, oder bitten Sie Ihre Administration um einen anderen Tarif.",
      "fr": "Le forfait de votre entreprise ne comprend pas cette fonction. Utilisez la prise en main ou le chat, ou demandez un autre forfait à votre administrateur.",
      "es": "El plan de su empresa no incluye esta función. Use el control remoto o el chat, o pida a su administrador que cambie el plan.",
      "it": "Il piano della sua azienda non comprende questa funzione. Usi il controllo remoto o la chat oppure chieda all'amministratore di cambiare piano.",
      "pt": "O plano da sua empresa não inclui esta função. Use o controlo remoto ou o chat, ou peça ao administrador que altere o plano.",
      "nl": "Het abonnement van uw bedrijf bevat deze functie niet. Gebruik bediening op afstand of chat, of vraag uw beheerder om een ander abonnement."
    }
  },
  "ticket_invalid": {
    "status": 401,
    "technician": {
      "en": "This connection ticket was used already or is too old. Choose Connect again to get a new one.",
      "de": "Diese Verbindungsfreigabe wurde schon benutzt oder ist zu alt. Wählen Sie noch einmal „Verbinden“.",
      "fr": "Ce ticket de connexion a déjà servi ou est trop ancien. Choisissez de nouveau « Se connecter ».",
      "es": "Esta autorización de conexión ya se usó o es demasiado antigua. Elija «Conectar» otra vez.",
      "it": "Questo ticket di connessione è già stato usato o è troppo vecchio. Scelga di nuovo «Connetti».",
      "pt": "Esta autorização de ligação já foi usada ou é demasiado antiga. Escolha «Ligar» de novo.",
      "nl": "Dit verbindingsticket is al gebruikt of te oud. Kies nogmaals ‘Verbinden’."
    }
  },
  "consent_refused": {
    "status": 403,
    "technician": {
      "en": "The customer did not allow this function, or did not answer in time. Talk to them and try again.",
      "de": "Diese Funktion wurde am PC nicht erlaubt, oder es kam rechtzeitig keine Antwort. Sprechen Sie darüber, und versuchen Sie es erneut.",
      "fr": "Le client n'a pas autorisé cette fonction ou n'a pas répondu à temps. Parlez-lui et réessayez.",
      "es": "El cliente no permitió esta función o no respondió a tiempo. Hable con él e inténtelo de nuevo.",
      "it": "Il cliente non ha consentito questa funzione o non ha risposto in tempo. Gli parli e riprovi.",
      "pt": "O cliente não permitiu esta função ou não respondeu a tempo. Fale com ele e tente de novo.",
      "nl": "De klant heeft deze functie niet toegestaan of niet op tijd geantwoord. Overleg en probeer het opnieuw."
    }
  },
  "ended_by_technician": {
    "status": 410,
    "technician": {
      "en": "This session was ended by its technician. If more help is needed, create a new one.",
      "de": "Diese Sitzung wurde von ihrer Technikerin oder ihrem Techniker beendet. Wenn weitere Hilfe nötig ist, erstellen Sie eine neue.",
      "fr": "Cette session a été terminée par son technicien. Si d'autres interventions sont nécessaires, créez-en une nouvelle.",
      "es": "El técnico de esta sesión la finalizó. Si se necesita más ayuda, cree una nueva.",
      "it": "Questa sessione è stata terminata dal suo tecnico. Se serve altro aiuto, ne crei una nuova.",
      "pt": "Esta sessão foi terminada pelo seu técnico. Se for necessária mais ajuda, crie uma nova.",
      "nl": "Deze sessie is door de technicus ervan beëindigd. Maak een nieuwe als er meer hulp nodig is."
    }
  },
  "ended_by_customer": {
    "status": 410,
    "technician": {
      "en": "The customer ended the session on the PC. If more help is wanted, agree on it and create a new session.",
      "de": "Die Sitzung wurde am PC beendet. Wenn weitere Hilfe gewünscht ist, sprechen Sie sich ab und erstellen Sie eine neue.",
      "fr": "Le client a terminé la session sur son PC. S'il souhaite encore de l'aide, convenez-en et créez une nouvelle session.",
      "es": "El cliente finalizó la sesión en el PC. Si desea más ayuda, acuérdelo con él y cree una sesión nueva.",
      "it": "Il cliente ha terminato la sessione sul PC. Se desidera altro aiuto, si accordi e crei una nuova sessione.",
      "pt": "O cliente terminou a sessão no PC. Se quiser mais ajuda, combine e crie uma nova sessão.",
      "nl": "De klant heeft de sessie op de pc beëindigd. Overleg en maak een nieuwe sessie als er meer hulp gewenst is."
    }
  },
  "ended_by_admin": {
    "status": 410,
    "technician": {
      "en": "An administrator of your company ended this session. Ask them why before you create a new one.",
      "de": "Die Administration Ihres Unternehmens hat diese Sitzung beendet. Fragen Sie nach dem Grund, bevor Sie eine neue erstellen.",
      "fr": "Un administrateur de votre entreprise a terminé cette session. Demandez-lui pourquoi avant d'en créer une nouvelle.",
      "es": "Un administrador de su empresa finalizó esta sesión. Pregúntele el motivo antes de crear otra.",
      "it": "Un amministratore della sua azienda ha terminato questa sessione. Chieda il motivo prima di crearne una nuova.",
      "pt": "Um administrador da sua empresa terminou esta sessão. Pergunte o motivo antes de criar outra.",
      "nl": "Een beheerder van uw bedrijf heeft deze sessie beëindigd. Vraag naar de reden voordat u een nieuwe maakt."
    }
  },
  "ended_by_operator": {
    "status": 410,
    "technician": {
      "en": "The operator of this service ended the session. Ask your administrator, or create a new session if it is still needed.",
      "de": "Der Betreiber dieses Dienstes hat die Sitzung beendet. Fragen Sie Ihre Administration, oder erstellen Sie bei Bedarf eine neue.",
      "fr": "L'exploitant du service a terminé la session. Adressez-vous à votre administrateur ou créez une nouvelle session si nécessaire.",
      "es": "El operador del servicio finalizó la sesión. Consulte a su administrador o cree una sesión nueva si aún hace falta.",
      "it": "Il gestore del servizio ha terminato la sessione. Si rivolga all'amministratore o crei una nuova sessione se serve ancora.",
      "pt": "O operador do serviço terminou a sessão. Fale com o administrador ou crie uma nova sessão se ainda for precisa.",
      "nl": "De exploitant van deze dienst heeft de sessie beëindigd. Vraag het uw beheerder of maak zo nodig een nieuwe sessie."
    }
  },
  "computer_deleted": {
    "status": 410,
    "technician": {
      "en": "The computer was deleted from the group, which ended its session. Create a new session to help there again.",
      "de": "Der Computer wurde aus der Gruppe gelöscht; damit endete seine Sitzung. Erstellen Sie eine neue, um dort wieder zu helfen.",
      "fr": "L'ordinateur a été supprimé du groupe, ce qui a terminé sa session. Créez une nouvelle session pour y intervenir de nouveau.",
      "es": "El equipo se eliminó del grupo y con ello terminó su sesión. Cree una nueva para volver a ayudar en él.",
      "it": "Il computer è stato eliminato dal gruppo e la sua sessione è terminata. Crei una nuova sessione per intervenire di nuovo.",
      "pt": "O computador foi eliminado do grupo, o que terminou a sessão. Crie uma nova para voltar a ajudar nele.",
      "nl": "De computer is uit de groep verwijderd, waarmee de sessie eindigde. Maak een nieuwe sessie om daar weer te helpen."
    }
  },
  "company_suspended": {
    "status": 403,
    "technician": {
      "en": "Your company's account is suspended, so sessions have ended and none can be created. Ask your administrator to contact the operator.",
      "de": "Das Konto Ihres Unternehmens ist gesperrt; Sitzungen wurden beendet, und neue sind nicht möglich. Ihre Administration sollte sich an den Betreiber wenden.",
      "fr": "Le compte de votre entreprise est suspendu : les sessions sont terminées et aucune ne peut être créée. Demandez à votre administrateur de contacter l'exploitant.",
      "es": "La cuenta de su empresa está suspendida: las sesiones han terminado y no se pueden crear otras. Pida a su administrador que contacte con el operador.",
      "it": "L'account della sua azienda è sospeso: le sessioni sono terminate e non se ne possono creare. Chieda all'amministratore di contattare il gestore.",
      "pt": "A conta da sua empresa está suspensa: as sessões terminaram e não se podem criar outras. Peça ao administrador que contacte o operador.",
      "nl": "Het account van uw bedrijf is opgeschort: sessies zijn beëindigd en nieuwe zijn niet mogelijk. Vraag uw beheerder contact op te nemen met de exploitant."
    }
  },
  "session_expired": {
    "status": 410,
    "technician": {
      "en": "The session reached the end of its time. If more help is needed, create a new one.",
      "de": "Die Zeit der Sitzung ist abgelaufen. Wenn weitere Hilfe nötig ist, erstellen Sie eine neue.",
      "fr": "La session est arrivée au bout de sa durée. Si d'autres interventions sont nécessaires, créez-en une nouvelle.",
      "es": "La sesión ha llegado al final de su tiempo. Si se necesita más ayuda, cree una nueva.",
      "it": "Il tempo della sessione è scaduto. Se serve altro aiuto, ne crei una nuova.",
      "pt": "A sessão chegou ao fim do seu tempo. Se for necessária mais ajuda, crie uma nova.",
      "nl": "De tijd van de sessie is verstreken. Maak een nieuwe als er meer hulp nodig is."
    }
  },
  "not_found": {
    "status": 404,
    "technician": {
      "en": "This does not exist, or it belongs to another company. Go back to the list and choose it from there.",
      "de": "Das gibt es nicht, oder es gehört zu einem anderen Unternehmen. Gehen Sie zur Liste zurück, und wählen Sie dort aus.",
      "fr": "Cet élément n'existe pas ou appartient à une autre entreprise. Revenez à la liste et choisissez-le à partir de là.",
      "es": "Esto no existe o pertenece a otra empresa. Vuelva a la lista y elíjalo desde allí.",
      "it": "Questo elemento non esiste o appartiene a un'altra azienda. Torni all'elenco e lo scelga da lì.",
      "pt": "Isto não existe ou pertence a outra empresa. Volte à lista e escolha a partir daí.",
      "nl": "Dit bestaat niet of hoort bij een ander bedrijf. Ga terug naar de lijst en kies het daar."
    }
  },
  "unauthenticated": {
    "status": 401,
    "technician": {
      "en": "You are not signed in, or your sign-in has expired or was wrong. Sign in again; for the API, check the key.",
      "de": "Sie sind nicht angemeldet, oder die Anmeldung ist abgelaufen oder war falsch. Melden Sie sich erneut an; prüfen Sie bei der API den Schlüssel.",
      "fr": "Vous n'êtes pas connecté, ou votre connexion a expiré ou était erronée. Reconnectez-vous ; pour l'API, vérifiez la clé.",
      "es": "No ha iniciado sesión, o el inicio ha caducado o era incorrecto. Inicie sesión de nuevo; para la API, compruebe la clave.",
      "it": "Non ha effettuato l'accesso, oppure è scaduto o era errato. Acceda di nuovo; per l'API controlli la chiave.",
      "pt": "Não iniciou sessão, ou o início expirou ou estava errado. Inicie sessão de novo; para a API, verifique a chave.",
      "nl": "U bent niet aangemeld, of uw aanmelding is verlopen of was onjuist. Meld u opnieuw aan; controleer bij de API de sleutel."
    }
  },
  "invalid_request": {
    "status": 400,
    "technician": {
      "en": "The request is not valid; the detail says what is wrong. Correct it and send it again.",
      "de": "Die Anfrage ist nicht gültig; die Einzelheiten sagen, was nicht stimmt. Berichtigen Sie das, und senden Sie sie erneut.",
      "fr": "La demande n'est pas valable ; le détail indique ce qui ne va pas. Corrigez-la et renvoyez-la.",
      "es": "La solicitud no es válida; el detalle indica qué falla. Corríjala y envíela de nuevo.",
      "it": "La richiesta non è valida; il dettaglio indica che cosa non va. La corregga e la invii di nuovo.",
      "pt": "O pedido não é válido; o detalhe indica o que está errado. Corrija-o e envie-o de novo.",
      "nl": "Het verzoek is niet geldig; de details zeggen wat er mis is. Verbeter het en verstuur het opnieuw."
    }
  },
  "wrong_state": {
    "status": 409,
    "technician": {
      "en": "This is not possible in the session's present state: for example, an active or ended session cannot be invited again. Look at its state and go on from there.",
      "de": "Das ist im jetzigen Zustand der Sitzung nicht möglich: Eine aktive oder beendete Sitzung kann zum Beispiel nicht erneut eingeladen werden. Sehen Sie den Zustand nach, und machen Sie dort weiter.",
      "fr": "Ce n'est pas possible dans l'état actuel de la session : une session active ou terminée ne peut par exemple pas être réinvitée. Vérifiez son état et continuez à partir de là.",
      "es": "No es posible en el estado actual de la sesión: por ejemplo, una sesión activa o finalizada no se puede volver a invitar. Mire su estado y continúe desde ahí.",
      "it": "Non è possibile nello stato attuale della sessione: per esempio, una sessione attiva o terminata non può essere invitata di nuovo. Guardi lo stato e prosegua da lì.",
      "pt": "Não é possível no estado atual da sessão: por exemplo, uma sessão ativa ou terminada não pode ser convidada de novo. Veja o estado e continue a partir daí.",
      "nl": "Dit kan niet in de huidige toestand van de sessie: een actieve of beëindigde sessie kan bijvoorbeeld niet opnieuw worden uitgenodigd. Bekijk de toestand en ga van daaruit verder."
    }
  },
  "rate_limited": {
    "status": 429,
    "technician": {
      "en": "Too many requests in a short time. Wait a moment, then try again.",
      "de": "Zu viele Anfragen in kurzer Zeit. Warten Sie einen Augenblick, und versuchen Sie es dann erneut.",
      "fr": "Trop de demandes en peu de temps. Patientez un instant, puis réessayez.",
      "es": "Demasiadas solicitudes en poco tiempo. Espere un momento e inténtelo de nuevo.",
      "it": "Troppe richieste in poco tempo. Attenda un momento e riprovi.",
      "pt": "Demasiados pedidos em pouco tempo. Aguarde um momento e tente de novo.",
      "nl": "Te veel verzoeken in korte tijd. Wacht even en probeer het dan opnieuw."
    }
  },
  "idempotency_conflict": {
    "status": 422,
    "technician": {
      "en": "This Idempotency-Key was already used for a different request. Use a new key for each new request.",
      "de": "Dieser Idempotency-Key wurde schon für eine andere Anfrage benutzt. Verwenden Sie für jede neue Anfrage einen neuen.",
      "fr": "Cette clé Idempotency-Key a déjà servi pour une autre demande. Utilisez une nouvelle clé pour chaque nouvelle demande.",
      "es": "Esta Idempotency-Key ya se usó para otra solicitud. Use una clave nueva para cada solicitud nueva.",
      "it": "Questa Idempotency-Key è già stata usata per un'altra richiesta. Usi una nuova chiave per ogni nuova richiesta.",
      "pt": "Esta Idempotency-Key já foi usada noutro pedido. Use uma chave nova para cada pedido novo.",
      "nl": "Deze Idempotency-Key is al voor een ander verzoek gebruikt. Gebruik voor elk nieuw verzoek een nieuwe sleutel."
    }
  },
  "unavailable": {
    "status": 503,
    "technician": {
      "en": "The service cannot do this at the moment; nothing was lost. Try again in a few seconds; if it stays so, tell the operator.",
      "de": "Der Dienst kann das gerade nicht ausführen; nichts ging verloren. Versuchen Sie es in einigen Sekunden erneut; bleibt es so, sagen Sie dem Betreiber Bescheid.",
      "fr": "Le service ne peut pas le faire pour le moment ; rien n'est perdu. Réessayez dans quelques secondes ; si cela persiste, prévenez l'exploitant.",
      "es": "El servicio no puede hacerlo en este momento; no se ha perdido nada. Inténtelo en unos segundos; si persiste, avise al operador.",
      "it": "Il servizio al momento non può eseguire l'operazione; nulla è andato perso. Riprovi tra qualche secondo; se persiste, avvisi il gestore.",
      "pt": "O serviço não pode fazê-lo neste momento; nada se perdeu. Tente daqui a alguns segundos; se persistir, avise o operador.",
      "nl": "De dienst kan dit op dit moment niet; er is niets verloren. Probeer het over enkele seconden opnieuw; blijft het zo, meld het dan aan de exploitant."
    }
  },
  "network_blocked": {
    "status": 0,
    "technician": {
      "en": "The customer's network blocks the way to this service. Ask them to allow the host and port that the program names in firewall, proxy or TLS inspection, or to use another network.",
      "de": "Das Netzwerk am PC sperrt den Weg zu diesem Dienst. Bitten Sie darum, den vom Programm genannten Host und Port in Firewall, Proxy oder TLS-Prüfung freizugeben oder ein anderes Netz zu benutzen.",
      "fr": "Le réseau du client bloque l'accès à ce service. Demandez-lui d'autoriser l'hôte et le port indiqués par le programme dans le pare-feu, le proxy ou l'inspection TLS, ou d'utiliser un autre réseau.",
      "es": "La red del cliente bloquea el acceso a este servicio. Pídale que permita el host y el puerto que indica el programa en el cortafuegos, el proxy o la inspección TLS, o que use otra red.",
      "it": "La rete del cliente blocca l'accesso a questo servizio. Gli chieda di consentire host e porta indicati dal programma nel firewall, nel proxy o nell'ispezione TLS, oppure di usare un'altra rete.",
      "pt": "A rede do cliente bloqueia o acesso a este serviço. Peça-lhe que permita o anfitrião e a porta indicados pelo programa na firewall, no proxy ou na inspeção TLS, ou que use outra rede.",
      "nl": "Het netwerk van de klant blokkeert de weg naar deze dienst. Vraag om de host en poort die het programma noemt toe te staan in firewall, proxy of TLS-inspectie, of om een ander netwerk te gebruiken."
    }
  },
  "computer_in_use": {
    "status": 409,
    "technician": {
      "en": "Somebody is connected to this computer right now. Ask them to finish first, or delete it all the same: that ends its session at once.",
      "de": "Mit diesem Computer ist gerade jemand verbunden. Bitten Sie zuerst darum, die Arbeit abzuschließen, oder löschen Sie ihn trotzdem: Damit endet seine Sitzung sofort.",
      "fr": "Quelqu'un est connecté à cet ordinateur en ce moment. Demandez-lui d'abord de terminer, ou supprimez-le quand même : sa session prendra fin aussitôt.",
      "es": "En este momento hay alguien conectado a este equipo. Pídale primero que termine o elimínelo de todos modos: su sesión finalizará al instante.",
      "it": "In questo momento qualcuno è collegato a questo computer. Gli chieda prima di finire oppure lo elimini comunque: la sessione terminerà subito.",
      "pt": "Neste momento há alguém ligado a este computador. Peça-lhe primeiro que acabe ou elimine-o mesmo assim: a sessão termina de imediato.",
      "nl": "Er is op dit moment iemand met deze computer verbonden. Vraag eerst om af te ronden, of verwijder hem toch: de sessie eindigt dan meteen."
    }
  },
  "computer_exists": {
    "status": 409,
    "technician": {
      "en": "This group already has a computer of that name. Choose another name or group, or change the one that is there.",
      "de": "In dieser Gruppe gibt es schon einen Computer mit diesem Namen. Wählen Sie einen anderen Namen oder eine andere Gruppe, oder ändern Sie den vorhandenen.",
      "fr": "Ce groupe contient déjà un ordinateur de ce nom. Choisissez un autre nom ou un autre groupe, ou modifiez celui qui existe.",
      "es": "En este grupo ya hay un equipo con ese nombre. Elija otro nombre u otro grupo, o modifique el que ya existe.",
      "it": "In questo gruppo c'è già un computer con questo nome. Scelga un altro nome o un altro gruppo oppure modifichi quello esistente.",
      "pt": "Neste grupo já existe um computador com esse nome. Escolha outro nome ou outro grupo, ou altere o que já existe.",
      "nl": "In deze groep staat al een computer met die naam. Kies een andere naam of groep, of wijzig de bestaande."
    }
  },
  "precondition_failed": {
    "status": 412,
    "technician": {
      "en": "Somebody else changed this meanwhile. Load it again, look at the new state, and repeat your change if it is still right.",
      "de": "Das wurde inzwischen von jemand anderem geändert. Laden Sie es neu, sehen Sie den neuen Stand an, und wiederholen Sie Ihre Änderung, wenn sie noch passt.",
      "fr": "Quelqu'un d'autre a modifié cet élément entre-temps. Rechargez-le, vérifiez le nouvel état et refaites votre modification si elle reste valable.",
      "es": "Otra persona ha modificado esto mientras tanto. Vuelva a cargarlo, compruebe el estado actual y repita su cambio si sigue siendo correcto.",
      "it": "Nel frattempo qualcun altro ha modificato questo elemento. Lo ricarichi, controlli il nuovo stato e ripeta la modifica se è ancora giusta.",
      "pt": "Entretanto, outra pessoa alterou isto. Carregue de novo, veja o estado atual e repita a alteração se ainda fizer sentido.",
      "nl": "Iemand anders heeft dit intussen gewijzigd. Laad het opnieuw, bekijk de nieuwe toestand en herhaal uw wijziging als die nog klopt."
    }
  },
  "handed_over": {
    "status": 0,
    "technician": {
      "en": "An administrator handed this session to a colleague, so your connection was closed. If you still need access, ask the administrator.",
      "de": "Die Administration hat diese Sitzung an eine andere Person übergeben; Ihre Verbindung wurde deshalb getrennt. Wenn Sie noch Zugang brauchen, fragen Sie dort nach.",
      "fr": "Un administrateur a confié cette session à un collègue ; votre connexion a donc été fermée. Si vous avez encore besoin d'y accéder, adressez-vous à lui.",
      "es": "Un administrador ha pasado esta sesión a otro técnico, por lo que se ha cerrado su conexión. Si todavía necesita acceso, consúltelo con el administrador.",
      "it": "Un amministratore ha affidato questa sessione a un collega, perciò la sua connessione è stata chiusa. Se le serve ancora l'accesso, si rivolga all'amministratore.",
      "pt": "Um administrador passou esta sessão a um colega, por isso a sua ligação foi fechada. Se ainda precisar de acesso, fale com o administrador.",
      "nl": "Een beheerder heeft deze sessie aan een collega overgedragen; uw verbinding is daarom verbroken. Vraag het de beheerder als u nog toegang nodig hebt."
    }
  },
  "feature_unavailable": {
    "status": 0,
    "technician": {
      "en": "The support program on this computer does not have this function in its version. Use another function, or ask the operator about a newer program.",
      "de": "Das Support-Programm auf diesem Computer hat diese Funktion in seiner Version nicht. Nutzen Sie eine andere Funktion, oder fragen Sie den Betreiber nach einem neueren Programm.",
      "fr": "Le programme d'assistance de cet ordinateur n'a pas cette fonction dans sa version. Utilisez une autre fonction ou demandez un programme plus récent à l'exploitant.",
      "es": "El programa de asistencia de este equipo no tiene esta función en su versión. Use otra función o pregunte al operador por un programa más reciente.",
      "it": "Il programma di assistenza su questo computer non ha questa funzione nella sua versione. Usi un'altra funzione o chieda al gestore un programma più recente.",
      "pt": "O programa de assistência deste computador não tem esta função na sua versão. Use outra função ou pergunte ao operador por um programa mais recente.",
      "nl": "Het supportprogramma op deze computer heeft deze functie niet in deze versie. Gebruik een andere functie of vraag de exploitant om een nieuwer programma."
    }
  },
  "second_factor_required": {
    "status": 401,
    "technician": {
      "en": "This account has a second factor. Enter the code from your authenticator app; each code works once. Without the app, use a recovery code or ask an administrator.",
      "de": "Dieses Konto hat einen zweiten Faktor. Geben Sie den Code aus Ihrer Authenticator-App ein; jeder Code gilt nur einmal. Ohne die App nehmen Sie einen Wiederherstellungscode oder fragen Sie einen Administrator.",
      "fr": "Ce compte a un second facteur. Saisissez le code de votre application d'authentification ; chaque code ne sert qu'une fois. Sans l'application, utilisez un code de secours ou adressez-vous à un administrateur.",
      "es": "Esta cuenta tiene un segundo factor. Introduzca el código de su aplicación de autenticación; cada código sirve una sola vez. Sin la aplicación, use un código de recuperación o pregunte a un administrador.",
      "it": "Questo account ha un secondo fattore. Inserisca il codice dell'app di autenticazione; ogni codice vale una sola volta. Senza l'app usi un codice di recupero o chieda a un amministratore.",
      "pt": "Esta conta tem um segundo fator. Introduza o código da sua aplicação de autenticação; cada código serve uma só vez. Sem a aplicação, use um código de recuperação ou pergunte a um administrador.",
      "nl": "Dit account heeft een tweede factor. Voer de code uit uw authenticator-app in; elke code werkt één keer. Zonder de app gebruikt u een herstelcode of vraagt u een beheerder."
    }
  },
  "last_administrator": {
    "status": 409,
    "technician": {
      "en": "This is the company's last administrator. Make somebody else an administrator first, then change or remove this one.",
      "de": "Das ist der letzte Administrator des Unternehmens. Machen Sie zuerst jemand anderen zum Administrator; dann können Sie diesen ändern oder entfernen.",
      "fr": "C'est le dernier administrateur de l'entreprise. Nommez d'abord un autre administrateur, puis modifiez ou supprimez celui-ci.",
      "es": "Es el último administrador de la empresa. Nombre antes a otro administrador; después podrá cambiar o eliminar este.",
      "it": "È l'ultimo amministratore dell'azienda. Nomini prima un altro amministratore, poi modifichi o rimuova questo.",
      "pt": "É o último administrador da empresa. Nomeie primeiro outro administrador e depois altere ou remova este.",
      "nl": "Dit is de laatste beheerder van het bedrijf. Maak eerst iemand anders beheerder en wijzig of verwijder daarna deze."
    }
  },
  "email_taken": {
    "status": 409,
    "technician": {
      "en": "This e-mail address signs somebody in already. Use another address, or change the existing person.",
      "de": "Mit dieser E-Mail-Adresse meldet sich schon jemand an. Nehmen Sie eine andere Adresse, oder ändern Sie die vorhandene Person.",
      "fr": "Cette adresse e-mail sert déjà à quelqu'un pour se connecter. Utilisez une autre adresse ou modifiez la personne existante.",
      "es": "Alguien ya inicia sesión con esta dirección de correo. Use otra dirección o modifique la persona existente.",
      "it": "Questo indirizzo e-mail è già usato da qualcuno per accedere. Usi un altro indirizzo o modifichi la persona esistente.",
      "pt": "Alguém já inicia sessão com este endereço de e-mail. Use outro endereço ou altere a pessoa existente.",
      "nl": "Met dit e-mailadres meldt iemand zich al aan. Gebruik een ander adres of wijzig de bestaande persoon."
    }
  }
};

export function isReasonCode(code: string): code is ReasonCode {
  return Object.prototype.hasOwnProperty.call(reasons, code);
}
