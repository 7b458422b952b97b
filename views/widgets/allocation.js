// setup shows the densities of layers for a global sparsity that a slider chooses, from a table of them.
function setup(root, data) {
  const slider = root.querySelector("input"), caption = root.querySelector(".head"), body = root.querySelector("tbody");
  slider.max = data.table.length - 1;
  slider.value = data.start;
  slider.setAttribute("aria-label", "global sparsity");
  const rows = data.names.map((name, i) => {
    const row = document.createElement("tr"), head = document.createElement("th"), place = document.createElement("td");
    const bar = document.createElement("div"), density = document.createElement("td"), active = document.createElement("td");
    const size = document.createElement("td");
    head.scope = "row";
    head.textContent = name;
    size.textContent = data.sizes[i].toLocaleString("en");
    place.className = "bar";
    place.append(bar);
    row.append(head, density, place, active, size);
    body.append(row);
    return {bar, density, active};
  });
  const draw = () => {
    const densities = data.table[Number(slider.value)];
    const sparsity = data.first + Number(slider.value) / data.perPercent;
    let active = 0, size = 0, dense = 0;
    densities.forEach((density, i) => {
      rows[i].bar.style.width = 100 * density + "%";
      rows[i].bar.style.background = density >= 1 ? "var(--c1)" : "var(--c0)";
      rows[i].density.textContent = (100 * density).toPrecision(3) + "%";
      rows[i].active.textContent = Math.round(density * data.sizes[i]).toLocaleString("en");
      active += density * data.sizes[i];
      size += data.sizes[i];
      if (density >= 1) dense++;
    });
    caption.textContent = `${sparsity}% sparse by ${data.distribution}: ${Math.round(active).toLocaleString("en")} of ` +
      `${size.toLocaleString("en")} weights, ${dense} of ${densities.length} layers left dense`;
    slider.setAttribute("aria-valuetext", sparsity + "%");
  };
  slider.oninput = draw;
  draw();
}
