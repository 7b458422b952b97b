// setup shows the candidates of an update by |g| and ln t/(N+ε), and lets c turn the line beyond which they are grown.
function setup(root, data) {
  const left = 70, right = 704, top = 12, bottom = 336;
  const rounds = data.rounds, plot = root.querySelector(".controls svg"), caption = root.querySelector(".head");
  const roundSlider = root.querySelector("[data-round]"), cSlider = root.querySelector("[data-c]");
  roundSlider.max = rounds.length - 1;
  roundSlider.value = data.start;
  roundSlider.setAttribute("aria-label", "mask update");
  cSlider.setAttribute("aria-label", "exploration coefficient c");

  // c is 0 at the slider's left, else from 1e-8 to 1e4.
  const cOf = at => at === 0 ? 0 : 10 ** (-8 + (at - 1) / 119 * 12);
  const placeOf = c => c <= 0 ? 0 : Math.min(120, Math.max(1, Math.round(1 + (Math.log10(c) + 8) / 12 * 119)));
  const short = x => x === 0 ? "0" : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e4 ? String(+x.toPrecision(3)) : x.toExponential(1).replace(".0", "");
  const add = (name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    plot.append(element);
    return element;
  };
  // nice rounds up to 1, 2 or 5 times a power of ten.
  const nice = step => {
    const power = 10 ** Math.floor(Math.log10(step));
    return [1, 2, 5, 10].find(factor => factor * power >= step * (1 - 1e-9)) * power;
  };

  let recorded = true; // Whether c is the run's, not the slider's.
  const draw = () => {
    const r = rounds[Number(roundSlider.value)];
    if (recorded) cSlider.value = placeOf(r.c);
    const c = recorded ? r.c : cOf(Number(cSlider.value));
    const bonus = r.n.map(n => Math.log(r.step) / (n + r.epsilon));
    const score = r.g.map((g, i) => g + c * bonus[i]);

    // Those grown and those not are sampled apart: each stands for so many candidates.
    const sampled = r.chosen.reduce((a, b) => a + b, 0);
    const weight = r.chosen.map(was => was ? r.grown / sampled : (r.candidates - r.grown) / (r.chosen.length - sampled));
    const order = r.g.map((_, i) => i).sort((a, b) => score[b] - score[a]);
    const share = r.g.map(() => 0); // Of those that each stands for, how many grow.
    let remaining = r.grown, count = 0;
    while (count < order.length && remaining > 0) {
      share[order[count]] = Math.min(1, remaining / weight[order[count]]);
      remaining -= weight[order[count++]];
    }
    const above = score[order[Math.max(0, count - 1)]], below = score[order[Math.min(order.length - 1, count)]];
    const cut = (above + below) / 2;
    let both = 0, either = 0, never = 0, all = 0;
    const choice = recorded ? r.chosen : share, now = choice.map(Boolean);
    r.g.forEach((_, i) => {
      both += weight[i] * Math.min(choice[i], r.chosen[i]);
      either += weight[i] * Math.max(choice[i], r.chosen[i]);
      all += weight[i] * choice[i];
      if (r.n[i] === 0) never += weight[i] * choice[i];
    });

    plot.textContent = "";
    const xMax = 1.04 * Math.max(1e-12, ...r.g), yMax = 1.1 * Math.max(1e-12, ...bonus);
    const x = g => left + g / xMax * (right - left), y = b => bottom - b / yMax * (bottom - top);
    const step = nice(xMax / 6);
    for (let g = 0; g <= xMax; g += step) {
      add("line", {class: "grid", x1: x(g), x2: x(g), y1: top, y2: bottom});
      add("text", {class: "soft", x: x(g), y: bottom + 16, "text-anchor": "middle"}, short(g));
    }
    let lastY = bottom + 1e9;
    for (const n of [...new Set(r.n)].sort((a, b) => b - a)) {
      const at = y(Math.log(r.step) / (n + r.epsilon));
      if (lastY - at < 14 && n !== 0) continue;
      add("line", {class: "grid", x1: left, x2: right, y1: at, y2: at});
      add("text", {class: "soft", x: left - 6, y: at + 4, "text-anchor": "end"}, "N = " + n);
      lastY = at;
    }
    add("line", {class: "axis", x1: left, x2: right, y1: bottom, y2: bottom});
    add("text", {x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle"}, "exploitation: |g|");
    add("text", {transform: `translate(12 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle"}, "exploration: ln t/(N+ε)");
    r.g.forEach((g, i) => {
      const at = {cx: x(g), cy: y(bonus[i]), r: now[i] ? 3.5 : 2.5};
      if (now[i]) add("circle", {class: "p0", ...at});
      else if (r.chosen[i]) add("circle", {...at, r: 3.5, fill: "none", "stroke-width": 2, style: "stroke:var(--c1)"});
      else add("circle", {class: "p6", ...at, "fill-opacity": .5});
    });
    // The line |g| + c·bonus = cut, within the plot.
    const ends = [];
    const keep = (g, b) => { if (g >= 0 && g <= xMax && b >= 0 && b <= yMax) ends.push([x(g), y(b)]); };
    if (c > 0) { keep(0, cut / c); keep(xMax, (cut - xMax) / c); }
    keep(cut, 0);
    keep(cut - c * yMax, yMax);
    if (ends.length > 1) add("line", {class: "rule", "data-cut": "", x1: ends[0][0], y1: ends[0][1], x2: ends[1][0], y2: ends[1][1]});

    const percent = (part, whole) => whole > 0 ? Math.round(100 * part / whole) + "%" : "0%";
    caption.textContent = `update ${r.round}, step ${r.step}, c = ${short(c)}${recorded ? " as recorded" : ""}: of ${r.candidates} candidates ` +
      `${r.grown} grow, ${percent(never, all)} of them never active before` + (recorded ? "" : `; overlap with the run's choice ${percent(both, either)}`) +
      ` (estimates from ${r.g.length})`;
    plot.setAttribute("aria-label", caption.textContent);
    roundSlider.setAttribute("aria-valuetext", `update ${r.round}, step ${r.step}`);
    cSlider.setAttribute("aria-valuetext", short(c));
  };
  roundSlider.oninput = draw;
  cSlider.oninput = () => { recorded = false; draw(); };
  root.querySelector("button").onclick = () => { recorded = true; draw(); };
  draw();
}
