// A fetch for single-page applications: where the gate refuses a request until the second
// factor is proved, it has the user prove it, and then repeats the request. Its types, and
// what they mean, are in eagate.d.ts. The server alone decides: all that is heard here only
// says when to look again.
const base = new URL("..", import.meta.url);
const prefix = "urn:eagate:problem:";
let options = {};
let current; // the one challenge that all requests of this page share
let quiet = false; // whether nobody answered the last one: the phone doesn't ring again by itself

export const configure = (changes) => { options = { ...options, ...changes }; };

export async function eagateFetch(input, init) {
  const request = new Request(input, init);
  for (const asked = new Set();;) {
    const response = await fetch(request.clone());
    const problem = await problemOf(response);
    if (!/^(second-factor|step-up)-required$/.test(problem?.name)) {
      if (problem) tell(problem);
      return response;
    }
    const key = JSON.stringify([problem.name, problem.max_age, problem.methods]);
    if (asked.has(key)) return response;
    current ??= options.onChallenge ? challenge(key, problem) : page(key);
    // What was proved for another request may not be enough for this one.
    if (current.key === key) asked.add(key);
    if (!await outcome(current, request.signal)) return response;
  }
}

// What the gate refuses, of an answer that is the gate's.
async function problemOf(response) {
  if (response.ok || !response.url.startsWith(`${base.origin}/`)) return;
  if (!response.headers.get("Content-Type")?.startsWith("application/problem+json")) return;
  const { type, ...fields } = await response.clone().json().catch(() => {}) ?? {}; // HEAD has none
  if (!String(type).startsWith(prefix)) return;
  return { ...fields, name: type.slice(prefix.length), retryAfter: Number(response.headers.get("Retry-After")) || undefined };
}

function tell(problem) {
  if (options.onProblem) options.onProblem(problem);
  else if (problem.enrol_url) location.assign(problem.enrol_url);
}

// Waits as long as the request is wanted. A challenge that nobody waits for ends.
const outcome = (shared, signal) => new Promise((resolve, reject) => {
  const abort = () => {
    if (!--shared.waiting) shared.end(false, true);
    reject(signal.reason);
  };
  shared.waiting++;
  if (signal.aborted) return abort();
  signal.addEventListener("abort", abort);
  shared.result.then((proved) => {
    signal.removeEventListener("abort", abort);
    resolve(proved);
  });
});

// The phone must not ring for a page that nobody sees.
const seen = () => new Promise((resolve) => {
  if (!document.hidden) return resolve();
  document.addEventListener("visibilitychange", () => resolve(seen()), { once: true });
});

// Leaves for the challenge page. Somebody who comes back by "Back" goes on.
function page(key) {
  const shared = { key, waiting: 0 };
  shared.result = new Promise((resolve) => {
    shared.end = (proved) => {
      current = undefined;
      resolve(proved);
    };
  });
  addEventListener("pageshow", ({ persisted }) => { if (persisted) shared.end(true); });
  seen().then(() => { if (current === shared) location.assign(new URL("challenge", base)); });
  return shared;
}

async function call(path, body) {
  try {
    const response = await fetch(new URL(path, base), {
      method: body ? "POST" : "GET",
      headers: { Accept: "application/json", ...body && { "Content-Type": "application/json", ...options.headers } },
      body: body && JSON.stringify(body),
      cache: "no-store",
    });
    const problem = await problemOf(response);
    return problem ? { problem } : await response.json();
  } catch {
    return { problem: { name: "unavailable", title: "The server can't be reached", status: 0 } };
  }
}

function challenge(key, { methods, max_age: maxAge }) {
  let events, timer, polls, settle, looks = 0;
  const shared = { key, waiting: 0, result: new Promise((resolve) => { settle = resolve; }) };
  const show = () => options.onChallenge(it);

  const act = async (path, body = {}) => {
    const answer = await call(path, body);
    hear(answer);
    return answer.problem;
  };

  const it = {
    open: true, state: "none", methods, maxAge,
    enterCode: (code, trust) => act("challenge/totp", { code, trust }),
    enterRecoveryCode: (code, trust) => act("challenge/recovery", { code, trust }),
    resend: () => act(it.problem?.name === "other-browser" ? "challenge/continue" : "challenge"),
    cancel: async () => {
      const answer = await call("cancel", {});
      shared.end(false);
      return answer;
    },
  };

  shared.end = (proved, abandoned) => {
    if (!it.open) return;
    rest();
    document.removeEventListener("visibilitychange", wake);
    it.open = false;
    current = undefined;
    quiet = /^(not_approved|expired)$/.test(it.state) || Boolean(abandoned) && it.state === "pending";
    show();
    settle(proved);
  };

  const rest = () => {
    clearTimeout(timer);
    events?.close();
  };

  // Takes an approval that has come, too.
  const look = async () => {
    rest();
    const answer = await call("challenge");
    hear(answer);
    if (answer.problem) later(answer.problem);
  };

  const hear = (answer) => {
    if (!it.open) return;
    it.problem = answer.problem;
    if (answer.problem) {
      if (answer.problem.name === "other-browser") { // its number is no longer on the phone
        it.state = "none";
        it.number = it.webviewURL = it.expiresAt = undefined;
      }
      if (answer.problem.status !== 401 && answer.problem.name !== "held") return show();
      tell(answer.problem);
      return shared.end(false);
    }
    it.state = answer.state;
    it.number = answer.number;
    it.webviewURL = answer.webview_url;
    it.expiresAt = answer.expires_in && new Date(Date.now() + answer.expires_in * 1000);
    if (answer.verified) return shared.end(true);
    show();
    listen();
  };

  const listen = () => {
    rest();
    if (!it.open || document.hidden) return;
    // Another tab was first, perhaps: its answer, with the session's new ID, may still be on its way.
    if (it.state === "approved" || it.state === "none" && looks-- > 0) timer = setTimeout(look, 500);
    if (it.state !== "pending") return;
    looks = 4;
    if (polls) timer = setTimeout(poll, 2000);
    else stream();
  };

  const stream = () => {
    const giveUp = () => {
      polls = true;
      poll();
    };
    // Some proxies hold the events back.
    timer = setTimeout(giveUp, 5000);
    events = new EventSource(new URL("challenge/events", base));
    events.onerror = giveUp;
    events.onmessage = ({ data }) => {
      clearTimeout(timer);
      const answer = JSON.parse(data);
      timer = setTimeout(look, ((answer.expires_in ?? 0) + 2) * 1000);
      if (answer.state !== "pending") return look();
      if (answer.number === it.number) return;
      it.number = answer.number;
      show();
    };
  };

  const poll = async () => {
    rest();
    const answer = await call("challenge/status");
    if (!answer.problem && answer.state !== "pending") return look();
    hear(answer);
    if (answer.problem) later(answer.problem);
  };

  const later = ({ retryAfter }) => {
    if (!it.open || it.state !== "pending") return;
    if (it.expiresAt > Date.now()) {
      timer = setTimeout(poll, (retryAfter || 10) * 1000);
      return;
    }
    it.state = "expired";
    show();
  };

  // A page that nobody sees holds no connection.
  const wake = () => {
    if (document.hidden) rest();
    else look();
  };

  // The tabs of a browser begin one after the other, and the second finds the first one's.
  const begin = async () => {
    if (!it.open) return;
    if (document.hidden) {
      start(); // and let go: another tab, which is seen, may wait for its turn
      return;
    }
    let answer = await call("challenge");
    const rings = !quiet && (!methods || methods.includes("push")) && /^(none|not_approved|expired)$/.test(answer.state);
    if (rings && it.open) answer = await call("challenge", {});
    if (!it.open) return;
    document.addEventListener("visibilitychange", wake);
    hear(answer);
  };
  const start = () => seen().then(() => navigator.locks ? navigator.locks.request("eagate", begin) : begin());
  start();
  return shared;
}
