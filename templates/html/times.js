"use strict";
// The server doesn't know the user's time zone. The present year goes without saying, and
// today where something ends within minutes.
for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime);
  const now = new Date();
  const soon = time.closest("#expires") && at.toDateString() === now.toDateString();
  time.textContent = at.toLocaleString(document.documentElement.lang, {
    ...(!soon && { day: "numeric", month: "long" }),
    ...(at.getFullYear() !== now.getFullYear() && { year: "numeric" }),
    hour: "numeric",
    minute: "2-digit",
  });
}
