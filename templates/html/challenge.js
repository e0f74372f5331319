"use strict";
// While the phone is asked, the page waits for the answer: by server-sent
// events, or by polling where those don't come through. The server alone
// decides; what is heard here only says when to look again.
//
// The page belongs to the user. It never goes away over a field with text in
// it, but says what has happened; and once a form is sent or a link followed,
// it does nothing more. A page that nobody sees holds no connection.
(() => {
  const byID = (id) => document.getElementById(id);
  const on = (...what) => document.addEventListener(...what);
  const main = document.querySelector("main");
  const { dataset: data } = main;
  const elsewhere = data.state === "other_browser";
  if (data.state !== "pending" && !elsewhere) return;

  const page = new URL(data.challenge, location.href);
  const status = byID("status");
  const left = byID("left");
  const progress = byID("progress");
  const number = byID("number");
  const again = byID("again");
  const heading = main.querySelector("h1");

  let deadline = elsewhere ? 0 : Date.now() + progress.value * 1000;
  let clock, source, next, pause; // what goes on
  let round = 0; // what was begun in an earlier one doesn't go on
  let seconds; // that are left
  let polls = false; // events don't come through
  let tries = 30; // to see the number begun in another tab
  let gone = false; // a form was sent, a link followed, or the page is being left
  let chosen = null; // a way that was opened
  let onward = null; // how to leave, once the waiting has ended
  let returns = false; // whether that only shows anew how things stand

  const say = (text) => { status.textContent = text; };

  // The window's title begins with the number, unless it tells of an error.
  const name = heading.textContent;
  const wording = number ? document.title.replace(`${number.textContent} · `, "") : document.title;
  const entitle = () => {
    if (!document.querySelector("[aria-invalid]")) document.title = `${number.textContent} · ${wording}`;
  };

  const typed = () => [...document.querySelectorAll("input:not([type=hidden], [type=checkbox])")]
    .some((field) => field.value);

  const rest = () => {
    round++;
    clearTimeout(next);
    source?.close();
    source = null;
  };

  const stop = () => {
    rest();
    clearInterval(clock);
    clearTimeout(pause);
  };

  // Not reload(): the page may be the answer to a POST.
  const renew = () => location.replace(page);

  // An approval takes the box with it that is ticked on the page.
  const enter = (to) => () => {
    say(data.going);
    document.title = data.going;
    const form = byID("prove");
    if (form?.elements.trust?.checked) {
      const { action } = form;
      form.action = `${page}/continue`;
      form.submit();
      form.action = action;
      return;
    }
    const target = new URL(to || page, page);
    location.assign(target.origin === location.origin ? target : page);
  };

  const leave = () => {
    gone = true;
    onward();
  };

  const paragraph = (text) => {
    const p = document.createElement("p");
    p.textContent = text;
    return p;
  };

  // Says what has happened, in place of the number.
  const tell = () => {
    byID("push")?.toggleAttribute("hidden", true);
    const notice = byID("notice");
    const { last, code, go } = notice.dataset;
    const [title, text] = notice.dataset[data.state].split("\n");
    const over = last.includes(data.state);
    const link = document.createElement("a");
    link.className = "button";
    link.classList.toggle("second", !over);
    link.href = page;
    link.textContent = over ? notice.dataset.continue : go;
    notice.className = "notice";
    notice.replaceChildren(...(over ? [text] : [text, code]).map(paragraph), link);
    heading.textContent = title;
    document.title = wording.replace(name, () => title);
  };

  const end = (state, go = renew) => {
    if (gone || onward) return;
    stop();
    data.state = state;
    onward = go;
    returns = go === renew;
    if (typed()) tell(); else leave();
  };

  const tick = () => {
    const now = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
    if (now === seconds) return;
    seconds = now;
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    progress.value = seconds;
    if (again) { // a request may be slow
      again.disabled = progress.max - seconds < 20;
      byID("again-soon").hidden = !again.disabled;
      byID("again-hint").hidden = again.disabled;
    }
    if (seconds === 60 && !progress.hidden) say(data.minute);
  };

  const count = () => {
    clearInterval(clock);
    tick();
    clock = setInterval(() => {
      tick();
      if (Date.now() > deadline + 2000) end("expired");
    }, 250);
  };

  const hear = (answer, looked) => {
    if (gone || onward) return;
    switch (answer.state) {
      case "pending": {
        if (number && "number" in answer && answer.number !== number.textContent) {
          if (number.textContent) say(data.changed);
          number.textContent = answer.number;
          entitle();
        }
        if (Number.isFinite(answer.expires_in)) {
          deadline = Date.now() + answer.expires_in * 1000;
          count();
        }
        return;
      }
      case "approved":
        return end(answer.verified ? "verified" : "approved", enter(answer.next));
      case "none":
        if (typed() && !looked) { // why may be known in a moment
          rest();
          next = setTimeout(async () => await look() || end("none"), 1000);
          return;
        }
        return end("none");
      case "not_approved":
      case "rejected":
      case "expired":
      case "other_browser":
        return end(answer.state);
    }
  };

  const look = async () => {
    try {
      const response = await fetch(`${page}/status`, { headers: { Accept: "application/json" }, cache: "no-store", redirect: "error" });
      if (elsewhere) {
        if (response.ok && !typed()) end("none");
        return response.ok;
      }
      if (response.status === 401) end("over"); // nobody is signed in here any more
      if (response.status === 409) end("other_browser");
      if (!response.ok) return false;
      hear(await response.json(), true);
      return true;
    } catch {
      return false;
    }
  };

  const poll = async () => {
    const mine = round;
    const ok = await look();
    if (gone || onward || mine !== round) return;
    if (document.hidden) next = setTimeout(poll, 15000);
    else if (!elsewhere) next = setTimeout(poll, ok ? 2000 : 10000);
    else if (--tries > 0) next = setTimeout(poll, 1000);
  };

  const listen = () => {
    let faults = 0;
    const events = new EventSource(`${page}/events`);
    source = events;
    const giveUp = () => {
      if (source !== events) return;
      rest();
      polls = true;
      poll();
    };
    // Some proxies hold the events back.
    next = setTimeout(giveUp, 5000);
    events.onmessage = (event) => {
      faults = 0;
      clearTimeout(next);
      try {
        hear(JSON.parse(event.data));
      } catch {
        giveUp();
      }
    };
    events.onerror = () => {
      faults++;
      if (events.readyState === EventSource.CLOSED || faults > 2) giveUp();
    };
  };

  const wait = () => {
    if (gone || onward) return;
    rest();
    if (elsewhere) next = setTimeout(poll, document.hidden ? 15000 : 300);
    else if (document.hidden) next = setTimeout(poll, 15000);
    else if (polls) poll();
    else listen();
  };

  // The way to the service's page is about to be known.
  const soon = () => {
    pause = setTimeout(() => typed() ? soon() : end("none"), 2000);
  };

  const begin = () => {
    if (!elsewhere) count();
    if ("soon" in data) soon();
    wait();
  };
  begin();

  on("visibilitychange", wait);

  // Who has chosen to type can do so at once.
  on("toggle", ({ target }) => {
    if (target === chosen && target.open) target.querySelector("input")?.focus();
  }, true);

  on("input", () => {
    clearTimeout(pause);
    if ("soon" in data && !onward) return soon();
    if (!onward) return;
    if (!gone && !typed()) {
      pause = setTimeout(leave, 1500); // or another code is about to be typed
    } else if (gone && returns && typed()) { // just when the page was going
      window.stop();
      gone = false;
      tell();
    }
  });

  on("click", (event) => {
    chosen = event.target.closest("summary")?.parentElement;
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.closest("#notice")) {
      event.preventDefault();
      leave();
    } else if (link.protocol.startsWith("http") && !link.target) {
      gone = true;
      stop();
    }
  });

  on("submit", (event) => {
    if (event.defaultPrevented) return;
    gone = true;
    stop();
  });

  // Word from the service's page, in a window of its own: that it was left, and where
  // it leads if that was without a success.
  on("eagate:look", () => {
    if (!gone && !onward) look();
  });
  on("eagate:return", ({ detail }) => end("returned", () => location.replace(detail)));

  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    gone = false;
    if (!typed()) return renew();
    if (!onward) begin();
  });
})();
