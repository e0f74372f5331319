"use strict";
// Opens the service's page in a window of its own. What that window says only
// tells when to look again: the server alone decides.
(() => {
  const link = document.getElementById("webview");
  if (!link?.dataset.popup) return;
  const { popup: address, origin, state, opened, closed, again, done } = link.dataset;
  const status = document.getElementById("status");

  let popup = null;
  let used = false; // the state is good for one message
  let watch; // whether the user closes the window

  link.addEventListener("click", (event) => {
    // Without a window, the link itself leads to the service's page and back.
    if (used || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const size = { width: 480, height: 720 };
    const left = Math.max(0, Math.round(screenX + (outerWidth - size.width) / 2));
    const top = Math.max(0, Math.round(screenY + (outerHeight - size.height) / 2));
    const other = window.open(address, "eagate", `popup,width=${size.width},height=${size.height},left=${left},top=${top}`);
    if (!other) return;
    event.preventDefault();
    popup = other;
    popup.focus();
    status.textContent = opened;
    clearInterval(watch);
    watch = setInterval(() => {
      if (!popup.closed) return;
      clearInterval(watch);
      if (used) return;
      status.textContent = closed;
      link.textContent = again;
    }, 500);
  });

  window.addEventListener("message", (event) => {
    if (popup === null || event.source !== popup) return;
    if (event.origin !== origin) return;
    const said = event.data;
    if (used || typeof said !== "object" || said === null || said.state !== state) return;
    used = true;
    popup.close();
    if (typeof said.session_token === "string" && !said.error) {
      status.textContent = done;
      document.dispatchEvent(new Event("eagate:look"));
      return;
    }
    const back = new URL(link.dataset.return, location.href);
    back.searchParams.set("error", String(said.error));
    document.dispatchEvent(new CustomEvent("eagate:return", { detail: back }));
  });

  window.addEventListener("pagehide", () => popup?.close());
})();
