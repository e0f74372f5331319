// Waits for the phone, and tells the window that opened the popup what came of
// it.
(() => {
  const settled = document.getElementById("settled");
  if (settled) {
    const { origin, token, state, error } = settled.dataset;
    const message = { session_token: token || null, state };
    if (error) message.error = error;
    if (window.opener) {
      window.opener.postMessage(message, origin);
      window.close();
    }
    return;
  }
  const waits = async () => {
    const response = await fetch(location.href, { cache: "no-store", redirect: "manual" });
    return response.ok && (await response.text()).includes("data-waiting");
  };
  const look = async () => {
    if (await waits().catch(() => true)) setTimeout(look, 1000);
    else location.reload();
  };
  if (document.querySelector("[data-waiting]")) setTimeout(look, 1000);
})();
