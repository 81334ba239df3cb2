// Draws every [data-map] with Leaflet: numbered stops, legs, towns. Without a tile address the ground is a grid of miles.

const L = window.L;
const tiles = document.querySelector('meta[name="map-tiles"]');

const element = (tag, className, text) => {
  const node = document.createElement(tag);
  node.className = className || "";
  if (text !== undefined) node.textContent = text;
  return node;
};

const icon = (name) => {
  const sprite = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0] || "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
};

const mark = (stop) => {
  const node = element("span", `stop-mark stop-mark-${stop.kind || "movable"} stop-${stop.color || "accent"}`);
  if (stop.kind === "home") node.append(icon("house-fill"));
  else if (stop.kind === "done") node.append(icon("check"));
  else node.textContent = stop.kind === "place" ? "" : (stop.n ?? "");
  return node;
};

const popup = (stop) => {
  const box = element("div", "map-popup");
  box.append(element("b", "", stop.label));
  if (stop.note) box.append(element("p", "", stop.note));
  if (stop.url && /^\/(?!\/)/.test(stop.url)) {
    const link = element("a", "", stop.verb || "Open");
    link.href = stop.url;
    box.append(link);
  }
  return box;
};

const listOf = (frame, stops) => {
  const list = frame.querySelector("[data-map-list]");
  list.replaceChildren(...stops.filter((stop) => stop.kind !== "home").slice(0, 500).map((stop) => {
    const item = element("li");
    const name = stop.url && /^\/(?!\/)/.test(stop.url) ? element("a", "", stop.label) : element("span", "", stop.label);
    if (name.tagName === "A") name.href = stop.url;
    item.append(name, stop.note ? `, ${stop.note}` : "");
    return item;
  }));
  frame.querySelector(".map-list").hidden = !stops.length;
};

const legendOf = (frame, entries) => {
  const legend = frame.querySelector("[data-map-legend]");
  legend.hidden = !entries?.length;
  legend.replaceChildren(...(entries || []).map((entry) => {
    const item = element("li");
    item.append(element("i", `key key-line key-${entry.color}`), entry.label);
    return item;
  }));
};

const MILE = 1609.344;
const SQUARES = [[0.25, "Quarter-mile"], [0.5, "Half-mile"], [1, "1-mile"], [2, "2-mile"], [5, "5-mile"], [10, "10-mile"], [20, "20-mile"], [50, "50-mile"], [200, "200-mile"]];
const APART = 56; // how many pixels the lines of the grid are apart at least

// Ruled paper instead of streets: it gives the eye a measure, and says that ways are drawn straight.
const rule = (map) => {
  map.createPane("grid").style.zIndex = 250;
  const lines = L.layerGroup().addTo(map);
  const renderer = L.svg({ pane: "grid" });
  const narrow = Math.cos((map.getCenter().lat * Math.PI) / 180);
  let credit;
  const draw = () => {
    const box = map.getBounds().pad(0.15);
    const y = map.getSize().y / 2;
    const least = map.distance(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([APART, y])) / MILE;
    const [miles, name] = SQUARES.find(([size]) => size >= least) || SQUARES.at(-1);
    const high = (miles * MILE) / 111195;
    const wide = high / narrow;
    const line = (from, to) => L.polyline([from, to], { pane: "grid", renderer, className: "map-grid", weight: 1, interactive: false }).addTo(lines);
    lines.clearLayers();
    for (let lat = Math.floor(box.getSouth() / high) * high; lat < box.getNorth(); lat += high) line([lat, box.getWest()], [lat, box.getEast()]);
    for (let lon = Math.floor(box.getWest() / wide) * wide; lon < box.getEast(); lon += wide) line([box.getSouth(), lon], [box.getNorth(), lon]);
    if (credit) map.attributionControl.removeAttribution(credit);
    credit = `${name} squares, straight ways`;
    map.attributionControl.addAttribution(credit);
  };
  map.on("moveend resize", draw);
  draw();
};

const draw = (frame, data) => {
  const canvas = frame.querySelector("[data-map-canvas]");
  const stops = (data.stops || []).filter((stop) => Number.isFinite(stop.lat) && Number.isFinite(stop.lon));
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const phone = window.matchMedia("(max-width: 720px)").matches;
  const map = L.map(canvas, { zoomControl: false, scrollWheelZoom: false, fadeAnimation: !still, zoomAnimation: !still, dragging: !phone, touchZoom: true, minZoom: 4, maxZoom: 18, zoomSnap: 0.25 });
  L.control.zoom({ position: "topright" }).addTo(map);
  L.control.scale({ metric: false, position: "bottomleft" }).addTo(map);
  map.attributionControl.setPrefix(false);
  if (tiles) {
    L.tileLayer(tiles.content, { attribution: tiles.dataset.credit || "", maxZoom: 18 }).addTo(map);
    canvas.classList.add("map-tiled");
  }
  for (const town of tiles ? [] : data.towns || []) {
    L.marker([town.lat, town.lon], { interactive: false, keyboard: false, icon: L.divIcon({ className: "map-town", html: element("span", "", town.name), iconSize: [0, 0] }) }).addTo(map);
  }
  for (const leg of data.legs || []) {
    const points = Array.isArray(leg) ? leg : leg.points;
    L.polyline(points, { className: `leg leg-${leg.kind || "line"} stop-${leg.color || "accent"}`, weight: 3, interactive: false, smoothFactor: 1 }).addTo(map);
  }
  const layer = "mapCluster" in frame.dataset && L.markerClusterGroup
    ? L.markerClusterGroup({ showCoverageOnHover: false, animate: !still, maxClusterRadius: 44, iconCreateFunction: (group) => L.divIcon({ className: "map-cluster", html: element("span", "", group.getChildCount()), iconSize: [36, 36] }) })
    : L.layerGroup();
  for (const stop of stops) {
    const small = stop.kind === "place";
    const name = stop.n !== undefined && stop.n !== null ? `${stop.n}. ${stop.label}` : stop.label;
    const marker = L.marker([stop.lat, stop.lon], { title: name, riseOnHover: true, zIndexOffset: stop.kind === "next" ? 1000 : small ? -500 : 0, icon: L.divIcon({ className: "map-mark", html: mark(stop), iconSize: small ? [14, 14] : [28, 28] }) });
    marker.on("add", () => marker.getElement()?.setAttribute("aria-label", name));
    marker.bindPopup(popup(stop), { closeButton: false, offset: [0, small ? 0 : -6] });
    layer.addLayer(marker);
  }
  layer.addTo(map);
  const points = [...stops.map((stop) => [stop.lat, stop.lon]), ...(data.legs || []).flatMap((leg) => (Array.isArray(leg) ? leg : leg.points))];
  const towns = (data.towns || []).map((town) => [town.lat, town.lon]);
  const all = [...points, ...towns];
  const fit = () => {
    if (all.length) map.fitBounds(L.latLngBounds(all), { padding: [36, 36], maxZoom: 13, animate: false });
    else map.setView([39.96, -83], 9);
  };
  fit();
  if (!tiles) rule(map);
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(canvas);
  // The browser lays the paper out without drawing anew, so the map gets its width before and its own back after.
  let shown;
  const size = (width, height) => {
    Object.assign(canvas.style, { width, height });
    map.invalidateSize({ animate: false });
  };
  window.addEventListener("beforeprint", () => {
    shown = [map.getCenter(), map.getZoom()];
    size("700px", "340px");
    fit();
  });
  window.addEventListener("afterprint", () => {
    size("", "");
    if (shown) map.setView(...shown, { animate: false });
  });
  frame.roundsMap = map;
};

const say = (frame, text) => {
  const state = frame.querySelector("[data-map-state]");
  state.textContent = text;
  state.hidden = !text;
};

const load = async (frame) => {
  let data;
  try {
    if (frame.dataset.mapJson) {
      data = JSON.parse(document.getElementById(frame.dataset.mapJson).textContent);
    } else {
      const answer = await fetch(frame.dataset.mapUrl, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      data = await answer.json();
    }
  } catch {
    say(frame, "The map could not be loaded.");
    return;
  }
  listOf(frame, data.stops || []);
  legendOf(frame, data.legend);
  if (!L) {
    say(frame, "The map could not be drawn. The list below holds the same places.");
    return;
  }
  draw(frame, data);
  say(frame, data.stops?.length || data.towns?.length ? "" : "No places to show yet.");
};

const seen = new WeakSet();
const scan = (root) => {
  for (const frame of root.querySelectorAll("[data-map]")) {
    if (seen.has(frame)) continue;
    seen.add(frame);
    load(frame);
  }
};
document.addEventListener("htmx:load", (event) => scan(event.detail.elt.parentNode || document));
scan(document);
