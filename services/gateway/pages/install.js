// The link's token is in the fragment, which never leaves the browser by itself: it becomes the program's file name.
const body = document.body;
const typed = decodeURIComponent(location.hash.slice(1)).toUpperCase().replace(/[^0-9A-Z]/g, "");
const windows = /Windows NT/.test(navigator.userAgent);
const complete = typed.length === 18;
body.dataset.shown = !windows ? "other" : complete ? "windows" : "no-token";
if (complete) {
  const shown = `${typed.slice(0, 6)}-${typed.slice(6, 12)}-${typed.slice(12)}`;
  const link = document.getElementById("download");
  document.getElementById("token").textContent = shown;
  link.href = body.dataset.download;
  link.download = `Support-${shown}.exe`;
  if (body.dataset.state === "open") whenSeen(tell);
}

// Mail scanners fetch pages and some run them, but they show them to nobody.
function whenSeen(act) {
  if (document.visibilityState === "visible") act();
  else document.addEventListener("visibilitychange", () => whenSeen(act), { once: true });
}

// Tells the technician's checklist that a person's browser is here (S-14). It consumes nothing; the answer says whether
// this is still the newest invitation (S-12), and whether there is one with this link at all.
async function tell() {
  try {
    const answer = await fetch("/agent/v1/invitations/reports", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: typed, checks: { opened: "ok" } }),
    });
    const reason = answer.ok ? null : (await answer.json()).reason;
    if (reason === "invitation_superseded") body.dataset.state = "superseded";
    if (reason === "not_found" && windows) body.dataset.shown = "no-token";
  } catch {
    // The page works without it.
  }
}
