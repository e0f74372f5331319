"use strict";
// While the phone is asked, the page waits for the answer: by server-sent
// events, or by polling where those don't come through. The server alone
// decides; what is heard here only says when to look again.
(() => {
  const data = document.querySelector("main").dataset;
  if (data.state === "other_browser") return waitForBrowser(data);
  if (data.state !== "pending") return;

  const page = new URL(data.challenge, location.href);
  const status = document.getElementById("status");
  const left = document.getElementById("left");
  const progress = document.getElementById("progress");
  const code = document.getElementById("code");

  let over = false;
  let deadline = 0;
  let clock, source, next;

  const say = (text) => { status.textContent = text; };

  const stop = () => {
    over = true;
    clearInterval(clock);
    clearTimeout(next);
    source?.close();
  };

  // Not reload(): the page may be the answer to a POST.
  const renew = () => location.replace(page);

  const end = () => {
    stop();
    if (!code?.value) return renew();
    data.state = "none";
    document.getElementById("push").hidden = true;
    say(data.gone);
  };

  const tick = () => {
    const seconds = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (left.textContent === text) return;
    left.textContent = text;
    progress.value = seconds;
    if (seconds === 60 && !progress.hidden) say(data.minute);
  };

  const count = (seconds) => {
    deadline = Date.now() + seconds * 1000;
    clearInterval(clock);
    clock = setInterval(() => {
      tick();
      if (Date.now() > deadline + 2000) end();
    }, 250);
  };

  const hear = (answer) => {
    if (over) return;
    switch (answer.state) {
      case "pending":
        if ("number" in answer && String(answer.number) !== data.number) return end();
        if (Number.isFinite(answer.expires_in)) count(answer.expires_in);
        return;
      case "approved": {
        stop();
        say(data.going);
        const go = document.getElementById("go");
        if (go?.elements.trust.checked) return go.submit();
        const target = new URL(answer.next || page, page);
        location.assign(target.origin === location.origin ? target : page);
        return;
      }
      case "not_approved":
      case "rejected":
      case "expired":
      case "none":
        return end();
    }
  };

  const look = async () => {
    try {
      const response = await fetch(data.status, {
        headers: { Accept: "application/json" },
        cache: "no-store",
        redirect: "error",
      });
      if (response.status === 401) end(); // nobody is signed in here any more
      if (!response.ok) return false;
      hear(await response.json());
      return true;
    } catch {
      return false;
    }
  };

  const poll = async () => {
    const ok = await look();
    if (!over) next = setTimeout(poll, ok ? 2000 : 10000);
  };

  const listen = () => {
    let faults = 0;
    source = new EventSource(data.events);
    const giveUp = () => {
      source.close();
      clearTimeout(next);
      if (!over) poll();
    };
    // Some proxies hold the events back.
    next = setTimeout(giveUp, 5000);
    source.onmessage = (event) => {
      faults = 0;
      clearTimeout(next);
      try {
        hear(JSON.parse(event.data));
      } catch {
        giveUp();
      }
    };
    source.onerror = () => {
      faults++;
      if (source.readyState === EventSource.CLOSED || faults > 2) giveUp();
    };
  };

  count(Number(data.seconds));
  listen();

  // Back from the phone app, on the phone itself: connections may have died.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !over) look();
  });
  // Word from the service's page, in a window of its own.
  document.addEventListener("eagate:look", () => {
    if (!over) look();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) renew();
  });
})();

// Another tab of this browser may just be receiving what makes the number be shown.
function waitForBrowser(data) {
  let tries = 30;
  const look = async () => {
    try {
      const response = await fetch(data.status, { headers: { Accept: "application/json" }, cache: "no-store", redirect: "error" });
      const typed = [...document.querySelectorAll("input[type=text]")].some((input) => input.value);
      if (response.ok && !typed) return location.replace(new URL(data.challenge, location.href));
    } catch {
      // The next try may succeed.
    }
    if (--tries > 0) setTimeout(look, 1000);
  };
  setTimeout(look, 300);
}
