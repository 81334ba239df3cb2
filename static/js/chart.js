// Draws every [data-chart] with Plotly in the colours of the page, again when the theme changes; table, picture, words for empty and failed.

const Plotly = window.Plotly;
const PHONE = window.matchMedia("(max-width: 720px)");
const PAPER = 650; // what a chart may be wide on Letter and on A4
let isPrinting = false;
const NAMES = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`chart${n}`, `--chart-${n}`])),
  last: "--last", accent: "--accent", "accent-strong": "--accent-strong", "accent-soft": "--accent-soft",
  good: "--good", due: "--due", bad: "--bad", info: "--info", ink1: "--ink-1", ink2: "--ink-2", ink3: "--ink-3",
  line: "--line", "line-strong": "--line-strong", surface: "--surface", sunken: "--sunken", page: "--page",
};

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const faded = (hex, share) => {
  const value = parseInt(hex.slice(1), 16);
  return `rgba(${value >> 16}, ${(value >> 8) & 255}, ${value & 255}, ${share})`;
};

// "accent" or "accent@0.13" -> a colour of the current theme; anything else stays as it is.
const colour = (word) => {
  if (word === "band") return faded(token("--accent"), token("--band-share"));
  const [name, share] = word.split("@");
  if (!Object.hasOwn(NAMES, name)) return word;
  const hex = token(NAMES[name]);
  return share ? faded(hex, Number(share)) : hex;
};

const resolve = (value, inColour = false) => {
  if (typeof value === "string") return inColour ? colour(value) : value;
  if (Array.isArray(value)) return inColour ? value.map((item) => resolve(item, true)) : value.map((item) => (item && typeof item === "object" ? resolve(item) : item));
  if (value && typeof value === "object" && !ArrayBuffer.isView(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, /colou?r/i.test(key) && !/^colorbar|^coloraxis$/.test(key))]));
  }
  return value;
};

const merge = (into, from) => {
  for (const [key, value] of Object.entries(from || {})) {
    const both = value && typeof value === "object" && !Array.isArray(value) && into[key] && typeof into[key] === "object";
    into[key] = both ? merge({ ...into[key] }, value) : value;
  }
  return into;
};

const template = () => {
  const ink = token("--ink-2");
  const axis = {
    automargin: true, fixedrange: true, zeroline: false, linecolor: token("--line-strong"), gridcolor: token("--line"), tickcolor: token("--line-strong"),
    ticks: "", ticklabelstandoff: 6, tickfont: { size: 12, color: ink }, title: { font: { size: 12, color: ink }, standoff: 8 },
  };
  return {
    layout: {
      font: { family: token("--font"), size: 12, color: ink },
      colorway: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => token(`--chart-${n}`)),
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 8, r: 16, t: 12, b: 8, pad: 0 },
      xaxis: { ...axis, showgrid: false, showline: true, tickangle: 0, spikecolor: token("--line-strong"), spikethickness: 1, spikedash: "solid" },
      yaxis: { ...axis, showline: false, tickformat: ",", separatethousands: true },
      showlegend: false,
      legend: { orientation: "h", x: 0, y: -0.16, font: { size: 12, color: ink } },
      hovermode: "x unified", dragmode: false, separators: ".,", bargap: 0.36,
      hoverlabel: { bgcolor: token("--surface"), bordercolor: token("--line-strong"), font: { family: token("--font"), size: 12, color: token("--ink-1") }, align: "left", namelength: -1 },
      annotationdefaults: { showarrow: false, font: { size: 12, color: ink } },
      shapedefaults: { line: { color: token("--line-strong"), width: 1 } },
      colorscale: {
        sequential: [[0, token("--accent-soft")], [1, token("--accent")]],
        diverging: [[0, token("--bad")], [0.5, token("--surface")], [1, token("--good")]],
      },
    },
    data: {
      scatter: [{ line: { width: 2.25 }, marker: { size: 6 } }],
      bar: [{ marker: { line: { width: 0 } }, textfont: { color: token("--ink-1"), size: 12 } }],
      heatmap: [{ xgap: 2, ygap: 2, colorbar: { thickness: 8, outlinewidth: 0 } }],
    },
  };
};

// Plotly writes bold words as a style attribute, which the content security policy refuses; set as a property it is allowed.
const setAttribute = Element.prototype.setAttribute;
SVGElement.prototype.setAttribute = function (name, value) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

const figures = new WeakMap();
const seen = new Set();

const isEmpty = (figure) => !figure.data?.length || figure.data.every((trace) => {
  for (const key of ["y", "x", "z", "values"]) {
    const points = trace[key];
    if (points && (points.bdata ? points.bdata.length : points.length)) return false;
  }
  return true;
});

const say = (box, text, again) => {
  const state = box.querySelector("[data-chart-state]");
  if (!state) return;
  state.replaceChildren(text || "");
  state.hidden = !text;
  if (again) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-outline btn-small ms-2";
    button.textContent = "Try again";
    button.addEventListener("click", () => load(box));
    state.append(button);
  }
};

const draw = async (box) => {
  const figure = figures.get(box);
  if (!figure) return;
  const canvas = box.querySelector("[data-chart-canvas]");
  const layout = merge({}, resolve({ ...figure.layout, template: undefined }));
  if (PHONE.matches && figure.phone?.layout) merge(layout, resolve(figure.phone.layout));
  if (PHONE.matches && !layout.xaxis?.tickvals && !layout.xaxis?.dtick) layout.xaxis = { nticks: 6, ...layout.xaxis };
  layout.template = template();
  layout.autosize = !isPrinting;
  delete layout.width;
  delete layout.height;
  if (isPrinting) Object.assign(layout, { width: PAPER, height: Math.min(canvas.clientHeight || 280, 280) });
  const config = { displayModeBar: false, responsive: false, displaylogo: false, doubleClick: false, showTips: false, ...figure.config };
  await Plotly.react(canvas, resolve(figure.data), layout, config);
  if (!canvas.dataset.bound) {
    canvas.dataset.bound = "yes";
    canvas.on("plotly_click", (event) => {
      const point = event.points[0];
      const address = Array.isArray(point?.customdata) ? point.customdata[0] : point?.customdata;
      if (point?.data.meta?.links && typeof address === "string" && /^\/(?!\/)/.test(address)) location.assign(address);
    });
  }
};

const key = (entry) => {
  const item = document.createElement("li");
  const mark = document.createElement("i");
  mark.className = `key key-${entry.kind} key-${entry.color}`;
  mark.setAttribute("aria-hidden", "true");
  item.append(mark, entry.label);
  return item;
};

// What the answer says beside the drawing: a number with its change, and the keys of the marks.
const dress = (box, figure) => {
  const head = box.querySelector("[data-chart-headline]");
  if (head) {
    head.hidden = !figure.headline;
    for (const part of head.querySelectorAll("[data-part]")) part.textContent = figure.headline?.[part.dataset.part] || "";
    const change = head.querySelector('[data-part="change"]');
    const { direction, kind } = figure.headline || {};
    if (change.textContent) change.textContent = `${direction === "up" ? "↗" : "↘"} ${change.textContent}`;
    change.className = kind === "plain" ? "ink-2" : `text-${kind || "quiet"}`;
  }
  const legend = box.querySelector("[data-chart-legend]");
  if (!legend) return;
  legend.hidden = !figure.legend?.length;
  legend.replaceChildren(...(figure.legend || []).map(key));
};

const load = async (box) => {
  say(box, "Loading the chart");
  let figure;
  try {
    const answer = await fetch((PHONE.matches && box.dataset.chartPhone) || box.dataset.chartUrl, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    figure = await answer.json();
  } catch {
    say(box, "The chart could not be loaded.", true);
    return;
  }
  if (figure.empty || isEmpty(figure)) {
    say(box, figure.empty || "No data for this choice yet.");
    box.querySelector("[data-chart-canvas]").hidden = true;
    return;
  }
  figures.set(box, figure);
  dress(box, figure);
  box.querySelector("[data-chart-canvas]").hidden = false;
  try {
    await draw(box);
    say(box, "");
  } catch {
    say(box, "The chart could not be drawn. The table shows the same numbers.");
  }
};

const showTable = (box) => {
  const rows = box.querySelector("[data-chart-rows]");
  const canvas = box.querySelector("[data-chart-canvas]");
  const on = rows.hidden;
  rows.hidden = !on;
  canvas.hidden = on || !figures.has(box);
  for (const button of box.querySelectorAll('[data-chart-action="table"]')) button.setAttribute("aria-pressed", String(on));
  if (on && !rows.dataset.loaded) {
    rows.dataset.loaded = "yes";
    window.htmx.ajax("GET", box.dataset.chartTable, { target: rows, swap: "innerHTML" });
  }
  if (!on) draw(box);
};

// A picture knows no fonts of the page, so ours is put inside it.
const withFont = async (address) => {
  const link = document.querySelector('link[rel="preload"][as="font"]');
  if (!link) return address;
  try {
    const bytes = new Uint8Array(await (await fetch(link.href)).arrayBuffer());
    let text = "";
    for (let n = 0; n < bytes.length; n += 8192) text += String.fromCharCode(...bytes.subarray(n, n + 8192));
    const face = `<style>@font-face{font-family:Inter;font-weight:100 900;src:url(data:font/woff2;base64,${btoa(text)})}</style>`;
    const [head, body] = address.split(/,(.*)/s);
    const svg = head.includes("base64") ? atob(body) : decodeURIComponent(body);
    return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg.replace(/(<svg[^>]*>)/, `$1${face}`))}`;
  } catch {
    return address;
  }
};

// The picture carries the title and the ground, since it will stand alone in a report.
const savePicture = async (box) => {
  const canvas = box.querySelector("[data-chart-canvas]");
  if (!figures.has(box) || canvas.hidden) return;
  const width = Math.max(canvas.clientWidth, 640);
  const height = Math.max(canvas.clientHeight, 280);
  const address = await Plotly.toImage(canvas, { format: "svg", width, height });
  const picture = new Image();
  picture.src = await withFont(address);
  await picture.decode();
  const sheet = document.createElement("canvas");
  const head = 48;
  sheet.width = 2 * (width + 32);
  sheet.height = 2 * (height + head + 24);
  const pen = sheet.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = token("--surface");
  pen.fillRect(0, 0, width + 32, height + head + 24);
  pen.fillStyle = token("--ink-1");
  pen.font = `600 15px ${token("--font")}`;
  pen.fillText(box.dataset.chartTitle, 16, 28, width);
  const subtitle = box.querySelector(".card-subtitle")?.textContent;
  if (subtitle) {
    pen.fillStyle = token("--ink-2");
    pen.font = `400 12px ${token("--font")}`;
    pen.fillText(subtitle, 16, 44, width);
  }
  pen.drawImage(picture, 16, head + 8, width, height);
  sheet.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${box.dataset.chartTitle.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-action]");
  const box = button?.closest("[data-chart]");
  if (!box) return;
  if (button.dataset.chartAction === "table") showTable(box);
  if (button.dataset.chartAction === "png") savePicture(box);
});

// Charts in view are loaded at once, the others when the browser has nothing else to do: nobody waits after scrolling, and a printed page is whole.
const begun = new WeakSet();
const begin = (box) => {
  if (begun.has(box) || !box.isConnected) return;
  begun.add(box);
  near.unobserve(box);
  load(box);
};
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) begin(entry.target);
}, { rootMargin: "300px" });
const whenIdle = window.requestIdleCallback || ((work) => setTimeout(work, 1000));

const wide = new ResizeObserver((entries) => {
  for (const entry of entries) {
    const box = entry.target.closest("[data-chart]");
    if (figures.has(box) && entry.target.clientWidth && !isPrinting) Plotly.Plots.resize(entry.target);
  }
});

const scan = (root) => {
  for (const box of root.querySelectorAll("[data-chart]")) {
    if (seen.has(box)) continue;
    seen.add(box);
    wide.observe(box.querySelector("[data-chart-canvas]"));
    if (!Plotly) say(box, "The chart could not be drawn. The table shows the same numbers.");
    else if (box.dataset.chartUrl) near.observe(box);
  }
  whenIdle(() => { for (const box of seen) if (Plotly && box.dataset.chartUrl) begin(box); }, { timeout: 2000 });
};

const again = () => { for (const box of seen) if (box.isConnected && figures.has(box) && !box.querySelector("[data-chart-canvas]").hidden) draw(box); };
document.addEventListener("rounds:theme", again);
PHONE.addEventListener("change", () => {
  for (const box of seen) if (box.isConnected && figures.has(box) && box.dataset.chartPhone) load(box);
  again();
});
// The browser lays the paper out without drawing anew, so charts get its width before and their own back after.
window.addEventListener("beforeprint", () => {
  isPrinting = true;
  for (const box of seen) if (box.dataset.chartUrl) begin(box);
  again();
});
window.addEventListener("afterprint", () => {
  isPrinting = false;
  again();
});
document.addEventListener("htmx:load", (event) => scan(event.detail.elt.parentNode || document));
scan(document);
