"use strict";
// The server doesn't know the user's time zone. The present year goes without saying.
for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime);
  time.textContent = at.toLocaleString(document.documentElement.lang, {
    day: "numeric",
    month: "long",
    year: at.getFullYear() === new Date().getFullYear() ? undefined : "numeric",
    hour: "numeric",
    minute: "2-digit",
  });
}
