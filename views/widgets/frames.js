// setup shows one map of many, chosen with a slider or played.
async function setup(root, data) {
  const packed = Uint8Array.from(atob(data.zlib), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const cells = new Uint8Array(await new Response(stream).arrayBuffer());
  const slider = root.querySelector("input"), button = root.querySelector("button");
  const caption = root.querySelector(".head"), canvas = root.querySelector("canvas");
  const size = data.rows * data.columns;
  canvas.width = data.columns;
  canvas.height = data.rows;
  const aspect = Math.min(data.rows, 2 * data.columns) / data.columns, highest = 420;
  canvas.style.aspectRatio = 1 / aspect;
  canvas.style.maxWidth = Math.min(720, Math.max(300, 8 * data.columns), highest / aspect) + "px";
  slider.max = data.captions.length - 1;
  slider.value = data.start;
  slider.setAttribute("aria-label", data.label);
  const channels = name => {
    const color = getComputedStyle(root).getPropertyValue(name).trim();
    return [1, 3, 5].map(i => parseInt(color.slice(i, i + 2), 16));
  };
  const legend = root.querySelector("[data-legend]");
  data.legend.forEach((text, value) => {
    if (!text) return;
    const entry = document.createElement("span"), mark = document.createElement("span");
    mark.className = "mark";
    mark.style.background = "var(" + data.colors[value] + ")";
    entry.append(mark, text);
    legend.append(entry);
  });
  const draw = () => {
    const at = Number(slider.value), palette = data.colors.map(channels);
    const context = canvas.getContext("2d"), image = context.createImageData(data.columns, data.rows);
    for (let i = 0; i < size; i++) {
      const rgb = palette[cells[at * size + i]];
      image.data.set([rgb[0], rgb[1], rgb[2], 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
    caption.textContent = data.captions[at];
    canvas.setAttribute("aria-label", data.captions[at]);
    slider.setAttribute("aria-valuetext", data.captions[at]);
  };
  let timer = 0;
  const stop = () => { clearInterval(timer); timer = 0; button.textContent = "Play"; };
  button.onclick = () => {
    if (timer) return stop();
    if (slider.value === slider.max) {
      slider.value = 0;
      draw();
    }
    button.textContent = "Stop";
    timer = setInterval(() => {
      if (!root.isConnected || slider.value === slider.max) return stop();
      slider.value = Number(slider.value) + 1;
      draw();
    }, 350);
  };
  slider.oninput = () => { stop(); draw(); };
  onTheme(draw);
  draw();
}
