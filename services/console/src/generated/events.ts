// Made by proto/generate.py; do not edit.
import type { Language } from "./reasons";

/** What the audit log's records are called; `session.*`: all of a kind. */
export const events: Record<string, Record<Language, string>> = {
  "session.*": {
    "en": "All about sessions",
    "de": "Alles zu Sitzungen",
    "fr": "Tout sur les sessions",
    "es": "Todo sobre las sesiones",
    "it": "Tutto sulle sessioni",
    "pt": "Tudo sobre as sessões",
    "nl": "Alles over sessies"
  },
  "invitation.attempt": {
    "en": "Wrong code",
    "de": "Falscher Code",
    "fr": "Code incorrect",
    "es": "Código incorrecto",
    "it": "Codice errato",
    "pt": "Código errado",
    "nl": "Verkeerde code"
  },
  "session.activated": {
    "en": "Activated with the right code",
    "de": "Mit dem richtigen Code aktiviert",
    "fr": "Activée avec le bon code",
    "es": "Activada con el código correcto",
    "it": "Attivata con il codice corretto",
    "pt": "Ativada com o código certo",
    "nl": "Geactiveerd met de juiste code"
  },
  "session.created": {
    "en": "Session prepared, invitation made",
    "de": "Sitzung vorbereitet, Einladung erstellt",
    "fr": "Session préparée, invitation créée",
    "es": "Sesión preparada, invitación creada",
    "it": "Sessione preparata, invito creato",
    "pt": "Sessão preparada, convite criado",
    "nl": "Sessie voorbereid, uitnodiging gemaakt"
  },
  "session.ended": {
    "en": "Session ended",
    "de": "Sitzung beendet",
    "fr": "Session terminée",
    "es": "Sesión finalizada",
    "it": "Sessione terminata",
    "pt": "Sessão terminada",
    "nl": "Sessie beëindigd"
  },
  "session.handed_over": {
    "en": "Handed over to a colleague",
    "de": "An einen Kollegen übergeben",
    "fr": "Confiée à un collègue",
    "es": "Cedida a un colega",
    "it": "Passata a un collega",
    "pt": "Entregue a um colega",
    "nl": "Overgedragen aan een collega"
  },
  "session.mail": {
    "en": "Mail with the link",
    "de": "Mail mit dem Link",
    "fr": "E-mail avec le lien",
    "es": "Correo con el enlace",
    "it": "E-mail con il link",
    "pt": "E-mail com a ligação",
    "nl": "E-mail met de link"
  },
  "session.refused": {
    "en": "New session refused",
    "de": "Neue Sitzung abgelehnt",
    "fr": "Nouvelle session refusée",
    "es": "Nueva sesión rechazada",
    "it": "Nuova sessione rifiutata",
    "pt": "Nova sessão recusada",
    "nl": "Nieuwe sessie geweigerd"
  },
  "session.reinvited": {
    "en": "Invited again with a new link and code",
    "de": "Erneut eingeladen, mit neuem Link und Code",
    "fr": "Nouvelle invitation avec un nouveau lien et un nouveau code",
    "es": "Nueva invitación con otro enlace y otro código",
    "it": "Nuovo invito con nuovo link e nuovo codice",
    "pt": "Novo convite com nova ligação e novo código",
    "nl": "Opnieuw uitgenodigd met een nieuwe link en code"
  },
  "session.removal": {
    "en": "Removal of the program",
    "de": "Entfernung des Programms",
    "fr": "Suppression du programme",
    "es": "Eliminación del programa",
    "it": "Rimozione del programma",
    "pt": "Remoção do programa",
    "nl": "Verwijdering van het programma"
  },
  "session.reported": {
    "en": "The PC reported its checks",
    "de": "Der PC meldete seine Prüfungen",
    "fr": "Le PC a communiqué ses vérifications",
    "es": "El PC comunicó sus comprobaciones",
    "it": "Il PC ha comunicato i suoi controlli",
    "pt": "O PC comunicou as suas verificações",
    "nl": "De pc meldde zijn controles"
  },
  "computer.*": {
    "en": "All about computers",
    "de": "Alles zu Computern",
    "fr": "Tout sur les ordinateurs",
    "es": "Todo sobre los equipos",
    "it": "Tutto sui computer",
    "pt": "Tudo sobre os computadores",
    "nl": "Alles over computers"
  },
  "computer.added": {
    "en": "Computer added",
    "de": "Computer hinzugefügt",
    "fr": "Ordinateur ajouté",
    "es": "Equipo añadido",
    "it": "Computer aggiunto",
    "pt": "Computador adicionado",
    "nl": "Computer toegevoegd"
  },
  "computer.changed": {
    "en": "Computer changed",
    "de": "Computer geändert",
    "fr": "Ordinateur modifié",
    "es": "Equipo modificado",
    "it": "Computer modificato",
    "pt": "Computador alterado",
    "nl": "Computer gewijzigd"
  },
  "computer.removed": {
    "en": "Computer removed",
    "de": "Computer entfernt",
    "fr": "Ordinateur retiré",
    "es": "Equipo eliminado",
    "it": "Computer rimosso",
    "pt": "Computador removido",
    "nl": "Computer verwijderd"
  },
  "directory.changed": {
    "en": "Company, team, keys or webhooks changed",
    "de": "Firma, Team, Schlüssel oder Webhooks geändert",
    "fr": "Entreprise, équipe, clés ou webhooks modifiés",
    "es": "Empresa, equipo de trabajo, claves o webhooks modificados",
    "it": "Azienda, squadra, chiavi o webhook modificati",
    "pt": "Empresa, equipa, chaves ou webhooks alterados",
    "nl": "Bedrijf, team, sleutels of webhooks gewijzigd"
  },
  "webhook.disabled": {
    "en": "Webhook switched off by itself",
    "de": "Webhook hat sich ausgeschaltet",
    "fr": "Webhook désactivé automatiquement",
    "es": "Webhook desactivado automáticamente",
    "it": "Webhook disattivato automaticamente",
    "pt": "Webhook desativado automaticamente",
    "nl": "Webhook automatisch uitgeschakeld"
  },
  "audit.*": {
    "en": "Sign-ins, connections and this log",
    "de": "Anmeldungen, Verbindungen und dieses Protokoll",
    "fr": "Connexions et ce journal",
    "es": "Inicios de sesión, conexiones y este registro",
    "it": "Accessi, connessioni e questo registro",
    "pt": "Inícios de sessão, ligações e este registo",
    "nl": "Aanmeldingen, verbindingen en dit logboek"
  },
  "audit.exported": {
    "en": "Audit log exported",
    "de": "Protokoll exportiert",
    "fr": "Journal d'audit exporté",
    "es": "Registro de auditoría exportado",
    "it": "Registro di controllo esportato",
    "pt": "Registo de auditoria exportado",
    "nl": "Auditlogboek geëxporteerd"
  },
  "audit.report_made": {
    "en": "Session report made",
    "de": "Sitzungsbericht erstellt",
    "fr": "Rapport de session établi",
    "es": "Informe de la sesión creado",
    "it": "Rapporto della sessione creato",
    "pt": "Relatório da sessão criado",
    "nl": "Sessierapport gemaakt"
  },
  "audit.sign_in_refused": {
    "en": "Sign-in refused",
    "de": "Anmeldung abgelehnt",
    "fr": "Connexion à la console refusée",
    "es": "Inicio de sesión rechazado",
    "it": "Accesso rifiutato",
    "pt": "Início de sessão recusado",
    "nl": "Aanmelding geweigerd"
  },
  "audit.signed_in": {
    "en": "Signed in",
    "de": "Angemeldet",
    "fr": "Connexion à la console",
    "es": "Inicio de sesión",
    "it": "Accesso",
    "pt": "Início de sessão",
    "nl": "Aangemeld"
  },
  "audit.signed_out": {
    "en": "Signed out",
    "de": "Abgemeldet",
    "fr": "Déconnexion de la console",
    "es": "Cierre de sesión",
    "it": "Uscita",
    "pt": "Fim de sessão",
    "nl": "Afgemeld"
  },
  "audit.ticket_issued": {
    "en": "Connection requested",
    "de": "Verbindung angefordert",
    "fr": "Connexion demandée",
    "es": "Conexión solicitada",
    "it": "Connessione richiesta",
    "pt": "Ligação pedida",
    "nl": "Verbinding aangevraagd"
  },
  "audit.trimmed": {
    "en": "Old records removed",
    "de": "Alte Einträge entfernt",
    "fr": "Anciennes entrées supprimées",
    "es": "Entradas antiguas eliminadas",
    "it": "Voci vecchie rimosse",
    "pt": "Registos antigos removidos",
    "nl": "Oude regels verwijderd"
  },
  "audit.viewer_connected": {
    "en": "Connected to the PC",
    "de": "Mit dem PC verbunden",
    "fr": "Connecté au PC",
    "es": "Conectado al PC",
    "it": "Connesso al PC",
    "pt": "Ligado ao PC",
    "nl": "Met de pc verbonden"
  },
  "audit.viewer_left": {
    "en": "Disconnected from the PC",
    "de": "Vom PC getrennt",
    "fr": "Déconnecté du PC",
    "es": "Desconectado del PC",
    "it": "Disconnesso dal PC",
    "pt": "Desligado do PC",
    "nl": "Verbinding met de pc verbroken"
  }
};
