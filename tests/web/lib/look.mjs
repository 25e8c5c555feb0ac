// SPDX-License-Identifier: MIT
// look: looks at a page as a person would: is all of it there to be read, and to be reached?

const ANSWER_MS = 30_000; // longer than anything takes: only what hangs is ended

/** Runs in the page before anything else: violations of its policy, kept. */
function keepViolations() {
  globalThis.violations = [];
  document.addEventListener("securitypolicyviolation", (event) =>
    globalThis.violations.push(`${event.violatedDirective}: ${event.blockedURI}`),
  );
}

/** Runs in the page: the rules for these media features hold, whatever the browser says of them. */
function applyFeatures(features) {
  for (const rule of [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])) {
    const isMeant = (name) => rule.media?.mediaText.includes(`${name}: ${features[name]}`);
    if (Object.keys(features).some(isMeant)) rule.media.mediaText = "all";
  }
}

/**
 * Opens a page of its own for a test, which is closed with it. `problems()` gives what the browser
 * had to complain of: errors, warnings and violations. `features` are media features by their names;
 * Chromium pretends that they hold, in other browsers the page's rules for them are applied.
 */
export async function openPage(t, session, url, { width = 1280, height = 900, features } = {}) {
  const page = await session.browser.newPage();
  t.after(() => page.close());
  page.setDefaultTimeout(ANSWER_MS);
  const complaints = [];
  page.on("console", (message) => {
    if (!/^(error|warn)/.test(message.type())) return;
    complaints.push(`${message.text()} ${message.location()?.url ?? ""}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.evaluateOnNewDocument(keepViolations);
  // Older versions of Firefox cannot be told how the screen is turned; the size they have by then.
  await page.setViewport({ width, height }).catch((error) => {
    if (!/unknown command/.test(error.message)) throw error;
  });
  const canPretend = session.name === "chromium";
  if (features && canPretend) {
    const list = Object.entries(features).map(([name, value]) => ({ name, value }));
    await page.emulateMediaFeatures(list);
  }
  await page.goto(url);
  if (features && !canPretend) await page.evaluate(applyFeatures, features);
  const problems = async () => [
    ...complaints,
    ...(await page.evaluate(() => globalThis.violations)),
  ];
  return { page, problems };
}

/**
 * Waits until something holds in the page. Older versions of Firefox let no driver make a function
 * in a page whose policy forbids it, as waitForFunction() does; what is given whole they do run.
 */
export async function until(page, condition, ...args) {
  const limit = Date.now() + ANSWER_MS;
  while (!(await page.evaluate(condition, ...args))) {
    if (Date.now() > limit) throw new Error(`it has not come to this: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const CLICK_MS = 1000; // longer than a click is on its way
const CLICKS = 5;

/**
 * Clicks as a person does, who clicks again where nothing has come of it: Firefox's driver loses one
 * now and then between pressing and releasing the button.
 */
export async function click(page, selector) {
  const listen = (name) => {
    globalThis.hasSeenClick = false;
    const note = () => (globalThis.hasSeenClick = true);
    document.querySelector(name).addEventListener("click", note, { once: true, capture: true });
  };
  for (let i = 0; i < CLICKS; i++) {
    await page.evaluate(listen, selector);
    await page.click(selector);
    const limit = Date.now() + CLICK_MS;
    while (Date.now() < limit) {
      if (await page.evaluate(() => globalThis.hasSeenClick)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  throw new Error(`${CLICKS} clicks on ${selector} did not reach it`);
}

/** What is cut off or reaches out of the page; [] where all of it is to be seen. */
export const findCutText = (page) =>
  page.evaluate(() => {
    const faults = [];
    const width = document.documentElement.clientWidth;
    const describe = (node) => `${node.parentElement.tagName} "${node.textContent.trim()}"`;
    const isHidden = (element) =>
      element.closest(".unseen, .skip, option, script, style, noscript") !== null ||
      element.getClientRects().length === 0;
    const isAround = (outer, inner) =>
      inner.left >= outer.left - 1 &&
      inner.right <= outer.right + 1 &&
      inner.top >= outer.top - 1 &&
      inner.bottom <= outer.bottom + 1;

    const scrolling = document.scrollingElement.scrollWidth;
    if (scrolling > width) faults.push(`the page is ${scrolling} pixels wide, not ${width}`);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
      const element = node.parentElement;
      if (node.textContent.trim() === "" || isHidden(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const isSvg = element instanceof SVGElement;
      const boxes = isSvg ? [element.getBoundingClientRect()] : [...range.getClientRects()];
      if (
        element.closest("pre") === null &&
        boxes.some((box) => box.left < -1 || box.right > width + 1)
      ) {
        faults.push(`${describe(node)} reaches out of the page`);
      }
      for (let outer = element; outer !== null; outer = outer.parentElement) {
        const { overflowX, display } = getComputedStyle(outer);
        if (/auto|scroll/.test(overflowX)) break;
        const clips = /hidden|clip/.test(overflowX) && outer !== document.documentElement;
        const isNarrow =
          display !== "inline" && !isSvg && outer.scrollWidth > outer.clientWidth + 1;
        if (clips && !boxes.every((box) => isAround(outer.getBoundingClientRect(), box))) {
          faults.push(`${describe(node)} is cut by ${outer.tagName}.${outer.className}`);
        }
        if (outer === element && isNarrow) faults.push(`${describe(node)} needs more width`);
      }
    }
    const context = document.createElement("canvas").getContext("2d");
    for (const select of document.querySelectorAll("select")) {
      const style = getComputedStyle(select);
      context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      for (const option of select.options) {
        const arrow = 16;
        const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        const needed = context.measureText(option.text).width + padding + arrow;
        if (needed > select.clientWidth) faults.push(`${select.name} cuts "${option.text}"`);
      }
    }
    return faults;
  });

/** Texts, and the edges of fields, whose contrast is below what WCAG 2 asks for at level AA. */
export const findLowContrast = (page) =>
  page.evaluate(() => {
    const parse = (colour) => {
      const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
      return { r, g, b, a };
    };
    const mix = (over, under) => {
      const part = (name) => over[name] * over.a + under[name] * (1 - over.a);
      return { r: part("r"), g: part("g"), b: part("b"), a: 1 };
    };
    const groundOf = (element) => {
      const layers = [];
      for (let at = element; at !== null; at = at.parentElement) {
        layers.push(parse(getComputedStyle(at).backgroundColor));
      }
      return layers.reduceRight((under, over) => mix(over, under), { r: 255, g: 255, b: 255 });
    };
    const luminance = ({ r, g, b }) => {
      const [x, y, z] = [r, g, b]
        .map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const contrast = (a, b) => {
      const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
      return (light + 0.05) / (dark + 0.05);
    };

    const faults = [];
    const check = (what, colour, ground, least) => {
      const ratio = contrast(mix(parse(colour), ground), ground);
      if (ratio < least) faults.push(`${what}: ${ratio.toFixed(2)}, not ${least}`);
    };
    let count = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
      const element = node.parentElement;
      const isShown = element.getClientRects().length > 0 && !element.closest("script, option");
      if (node.textContent.trim() === "" || !isShown) continue;
      const style = getComputedStyle(element);
      const colour = element instanceof SVGElement ? style.fill : style.color;
      check(`${element.tagName} "${node.textContent.trim()}"`, colour, groundOf(element), 4.5);
      count++;
    }
    for (const field of document.querySelectorAll("input, select, textarea")) {
      const style = getComputedStyle(field);
      check(`value of ${field.name}`, style.color, groundOf(field), 4.5);
      check(`edge of ${field.name}`, style.borderTopColor, groundOf(field.parentElement), 3);
      if (field.placeholder) {
        const placeholder = getComputedStyle(field, "::placeholder").color;
        check(`placeholder of ${field.name}`, placeholder, groundOf(field), 4.5);
      }
    }
    if (count < 20) faults.push(`only ${count} texts were looked at`);
    return faults;
  });

/** What has the focus: a name for it, whether that can be seen, and where it is. */
export const describeFocus = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return {
      name: element.id || element.getAttribute("name") || element.textContent.trim(),
      isVisible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      left: Math.round(box.left + scrollX),
      top: Math.round(box.top + scrollY),
    };
  });

/** What can be used but has no name that could be read out. */
export const findNameless = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("a, button, input, select, textarea, [role], [tabindex]")]
      .filter((element) => {
        const references = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/);
        const names = [
          element.getAttribute("aria-label"),
          ...references.map((id) => document.getElementById(id)?.textContent),
          ...[...(element.labels ?? [])].map((label) => label.textContent),
          element.textContent,
        ];
        return !names.some((name) => name?.trim());
      })
      .filter((element) => element.getClientRects().length > 0)
      .map((element) => element.outerHTML.slice(0, 80)),
  );
