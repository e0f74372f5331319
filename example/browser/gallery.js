// What the tests ask of a page of the gallery. Each function returns what is wrong, in words.

// put makes a still page the document of win, whose global object stays.
const put = (win, page) => {
  const doc = win.document;
  doc.open();
  doc.write(page);
  doc.close();
  return doc;
};

// opened opens all details, also those of which the user can have one open at a time.
const opened = (doc) => {
  for (const details of doc.querySelectorAll("details")) {
    details.removeAttribute("name");
    details.open = true;
  }
  return doc;
};

// bare returns the document of page in a frame without scripts, which shows what is for such
// browsers.
const bare = (page) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-same-origin";
  frame.style = "border: 0; width: 320px; height: 640px";
  frame.srcdoc = page;
  frame.onload = () => done(opened(frame.contentDocument));
  document.body.replaceChildren(frame);
});

// unfold shows all that the user, or the page's own script, can make the page show.
const unfold = (doc) => {
  for (const button of doc.querySelectorAll("button[hidden]")) button.hidden = false;
  return opened(doc);
};

const named = (e) => `${e.localName}${e.id ? "#" + e.id : ""} ${JSON.stringify(e.textContent.trim().replace(/\s+/g, " ").slice(0, 40))}`;

const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0 && !e.closest(".unseen");

const controls = (doc) => [...doc.querySelectorAll("a[href], button, input:not([type=hidden]), summary")].filter(shown);

// layout checks that everything is in its place, and moves only where motion is welcome.
const layout = (doc) => {
  const faults = [];
  const win = doc.defaultView;
  const wide = doc.documentElement.scrollWidth;
  if (doc.querySelector("meta[name=refresh]") && controls(doc).some((e) => e.matches("input:not([type=checkbox])")))
    faults.push("the page goes away while somebody may be typing");
  if (wide > win.innerWidth) faults.push(`the page is ${wide} pixels wide on a screen of ${win.innerWidth}`);
  for (const e of doc.body.querySelectorAll("*")) {
    if (!shown(e) || e.closest("svg")) continue;
    const box = e.getBoundingClientRect();
    const style = win.getComputedStyle(e);
    if (box.left < -1 || box.right > win.innerWidth + 1) faults.push(`${named(e)} reaches out of the screen`);
    // Firefox counts 2 pixels more of text from right to left.
    if (e.localName !== "input" && style.display !== "inline" && e.scrollWidth > e.clientWidth + 2)
      faults.push(`${named(e)} has ${e.scrollWidth} pixels of content in ${e.clientWidth}`);
    if (e.matches("button, .button") && e.scrollHeight > e.clientHeight + 1) faults.push(`${named(e)} is too low for its text`);
    if (e.matches("button, .button, summary, input:not([type=checkbox]), label:has(input)") && Math.min(box.width, box.height) < 24)
      faults.push(`${named(e)} is a target of ${box.width} × ${box.height}`);
    if (style.animationName !== "none" || !/^0s(, 0s)*$/.test(style.transitionDuration)) faults.push(`${named(e)} moves`);
    const next = e.nextElementSibling;
    if (next && shown(next)) {
      const after = next.getBoundingClientRect();
      const over = (a, b, c, d) => Math.min(b, d) - Math.max(a, c);
      if (over(box.left, box.right, after.left, after.right) > 1 && over(box.top, box.bottom, after.top, after.bottom) > 1 &&
          style.display !== "inline" && win.getComputedStyle(next).display !== "inline")
        faults.push(`${named(e)} and ${named(next)} overlap`);
    }
  }
  return faults;
};

// forced checks that controls can be told from text where the system sets the colours.
const forced = (doc) => {
  const faults = [];
  const win = doc.defaultView;
  if (!win.matchMedia("(forced-colors: active)").matches) faults.push("the colours aren't forced");
  for (const e of controls(doc)) {
    const style = win.getComputedStyle(e);
    if (e.matches("button, .button, input:not([type=checkbox])") && !(parseFloat(style.borderTopWidth) >= 1 && style.borderTopStyle !== "none"))
      faults.push(`${named(e)} has no border`);
    if (style.forcedColorAdjust === "none") faults.push(`${named(e)} keeps its own colours`);
  }
  return faults;
};

// scriptless checks a page without scripts: that there is something to do, and each form can
// be sent. A page that refreshes itself has no fields.
const scriptless = (doc) => {
  const faults = [];
  const refreshes = doc.querySelector("meta[name=refresh]") !== null;
  if (!shown(doc.querySelector("h1"))) faults.push("there is no heading");
  if (!controls(doc).length) faults.push("there is nothing to do");
  for (const form of doc.forms) {
    const fields = [...form.elements].filter((e) => e.localName === "input" && e.type !== "hidden");
    const submit = [...form.elements].filter((e) => e.type === "submit");
    if (fields.length && !refreshes && !submit.some(shown)) faults.push(`nothing sends ${named(form)}`);
    for (const e of [...fields, ...submit])
      if (!shown(e) && !(refreshes && e.closest(".typing"))) faults.push(`${named(e)} isn't shown`);
  }
  return faults;
};

// tabbed notes what gets the focus, and tabs returns what of the controls didn't, in their
// order, or doesn't show it.
const tabbed = (doc) => {
  const win = doc.defaultView;
  win.reached = [];
  doc.activeElement?.blur();
  doc.addEventListener("focusin", ({ target }) => {
    const style = win.getComputedStyle(target);
    const box = target.getBoundingClientRect();
    const top = doc.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    win.reached.push({
      target,
      seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      covered: !(target.contains(top) || top?.contains(target)),
    });
  });
  return controls(doc).length;
};

const tabs = (doc) => {
  const faults = [];
  const { reached } = doc.defaultView;
  controls(doc).forEach((e, i) => {
    if (reached[i]?.target !== e) faults.push(`the Tab key gets to ${reached[i] ? named(reached[i].target) : "nothing"}, not ${named(e)}`);
    else if (!reached[i].seen) faults.push(`${named(e)} doesn't show that it has the focus`);
    else if (reached[i].covered) faults.push(`${named(e)} has the focus and is covered`);
  });
  return faults;
};

// axed returns what axe-core finds.
const axed = async (win) => {
  const { violations } = await win.axe.run(win.document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"],
  });
  return violations.flatMap(({ id, help, nodes }) => nodes.map((n) => `${id}: ${help}: ${n.html.slice(0, 120)} ${n.any.concat(n.all, n.none).map((c) => c.message).join("; ")}`));
};
