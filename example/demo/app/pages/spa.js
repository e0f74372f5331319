import { configure, eagateFetch } from "/2fa/assets/eagate.js";

const at = (id) => document.getElementById(id);
const dialog = at("challenge");
let challenge;

const states = {
  none: "Your phone has not been asked.",
  pending: "Tap this number on your phone:",
  approved: "You approved it on your phone.",
  not_approved: "It was not approved on your phone.",
  rejected: "It was rejected on your phone.",
  expired: "Nobody has answered on your phone.",
};

configure({
  onChallenge(now) {
    challenge = now;
    dialog.dataset.state = now.state;
    at("state").textContent = states[now.state];
    at("number").textContent = now.number ?? "";
    at("fault").textContent = now.problem?.title ?? "";
    at("by-code").hidden = now.methods && !now.methods.includes("totp");
    at("again").hidden = now.state === "pending" || now.methods && !now.methods.includes("push");
    if (!now.open) {
      dialog.close();
      at("code").value = "";
    } else if (!dialog.open) {
      dialog.showModal();
    }
  },
  onProblem(problem) {
    if (problem.status === 401) location.assign("/login");
    else if (problem.enrol_url) location.assign(problem.enrol_url);
    else at("said").textContent = problem.title;
  },
});

at("by-code").addEventListener("submit", (event) => {
  event.preventDefault();
  challenge.enterCode(at("code").value);
});
at("again").addEventListener("click", () => challenge.resend());

const cancel = async (event) => {
  event.preventDefault();
  const { verified, next } = await challenge.cancel();
  if (!verified && next) location.assign(next); // the sign-in has ended
};
at("cancel").addEventListener("click", cancel);
dialog.addEventListener("cancel", cancel); // by Escape

const load = async (path, show) => {
  const response = await eagateFetch(path);
  if (response.ok) show(await response.json());
};
load("/api/account", ({ name, balance }) => {
  at("name").textContent = name;
  at("balance").textContent = balance;
});
load("/api/messages", ({ messages }) => { at("messages").textContent = messages.join(" "); });

at("transfer").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("said").textContent = "";
  const response = await eagateFetch("/api/transfer", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ to: at("to").value, amount: Number(at("amount").value) }),
  });
  if (response.headers.get("Content-Type") !== "application/json") {
    at("said").textContent = "Nothing was sent.";
    return;
  }
  const answer = await response.json();
  at("said").textContent = answer.error ?? `${answer.amount} € would now be on the way to ${answer.to}, were this not a demo.`;
});
