"use strict";
// A form is sent once, however often its button is pressed; and what was wrong in it is
// selected.
(() => {
  const sent = new Map(); // forms, and what lets them be sent again

  const buttons = (form) => [...form.elements].filter((element) => element.type === "submit");

  const release = (form) => {
    clearTimeout(sent.get(form));
    sent.delete(form);
    for (const button of buttons(form)) button.disabled = false;
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (sent.has(form)) return event.preventDefault();
    // The name and the value of the button are taken after this event. No answer takes
    // as long as the 20 seconds: the sending was stopped then.
    sent.set(form, setTimeout(release, 20000, form));
    setTimeout(() => {
      for (const button of buttons(form)) button.disabled = sent.has(form);
    });
  });

  // A code that is to be mended, or replaced by what is typed next.
  const wrong = document.querySelector("input[aria-invalid][value]");
  wrong?.addEventListener("focus", () => wrong.select(), { once: true });

  // The page is shown again, as it was left.
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) release(form);
  });
})();
