/** The script of the page: loads the layers into NiiVue and binds the controls to it. */
import { PALETTES } from "./palette.ts";

/**
 * JavaScript of browsers. The server writes what there is into `data-` attributes of the controls; the canvas is ready once
 * `document.body.dataset.ready` is there, and its planes once `planes` is.
 */
export const PAGE_SCRIPT = `"use strict";
const PALETTES = ${JSON.stringify(PALETTES)};
const CROSSHAIR_PERCENT = 0.25;
const element = (id) => document.getElementById(id);
const state = element("state");
const held = element("held");
const layers = [...document.querySelectorAll("[data-layer]")].map((controls) => ({
  controls,
  number: Number(controls.dataset.layer),
  kind: controls.dataset.kind,
  labels: controls.dataset.labels === "" ? [] : controls.dataset.labels.split(","),
})).sort((a, b) => a.number - b.number);
const of = (layer, control) => element(control + "-" + layer.number);
const opacityOf = (layer) => of(layer, "shown").checked ? Number(of(layer, "opacity").value) / 100 : 0;

function fail(text) {
  state.textContent = text;
  state.classList.add("fault");
  document.body.dataset.fault = text;
  if (held !== null) fetch("failed");
}

/** Calls \`act\` with the next picture, once for all events before it. */
function soon(act) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; act(); });
  };
}

function describePlace({ mm, values }) {
  const place = [...mm].slice(0, 3).map((x) => x.toFixed(1)).join(", ") + " mm";
  const lines = values.map(({ value }, i) => {
    const { kind, labels } = layers[i];
    if (kind === "reference" || kind === "prediction") return kind + ": " + (labels[Math.round(value) - 1] ?? "0");
    return kind + ": " + Number(value.toPrecision(4));
  });
  element("place").textContent = [place, ...lines].join("\\n");
}

async function show() {
  const canvas = element("canvas");
  // The files come while the shaders are made, and everything is drawn once: NiiVue's loadVolumes() draws after each volume.
  const loading = Promise.all(layers.map((layer) => niivue.NVImage.loadFromUrl({
    url: "layers/" + layer.number + ".nii",
    name: layer.number + ".nii",
    colormap: layer.kind === "probabilities" ? "plasma" : "gray",
    opacity: opacityOf(layer),
  })));
  // NiiVue's own choice; it gets the same context then.
  const antialias = navigator.hardwareConcurrency > 6;
  if (canvas.getContext("webgl2", { alpha: true, antialias }) === null) {
    loading.catch(() => {});
    fail("This browser offers no WebGL 2; switch its hardware acceleration on, or use another browser");
    return;
  }
  const nv = new niivue.Niivue({
    backColor: [0, 0, 0, 1],
    fontColor: [0.8, 0.85, 0.9, 1],
    crosshairColor: [0.94, 0.58, 0.3, 0.8],
    crosshairWidth: CROSSHAIR_PERCENT,
    crosshairWidthUnit: "percent",
    atlasOutline: 1,
    clipPlaneColor: [0, 0, 0, 0],
    isRadiologicalConvention: element("radiological").checked,
    show3Dcrosshair: true,
    dragAndDropEnabled: false,
    loadingText: "",
    logLevel: "error",
    multiplanarShowRender: niivue.SHOW_RENDER.ALWAYS,
    sliceType: Number(element("view").value),
  });
  nv.onLocationChange = describePlace;
  [nv.volumes] = await Promise.all([loading, nv.attachToCanvas(canvas, antialias)]);
  for (const layer of layers) dress(nv, layer);
  skipGradients(nv);
  await showPlanesFirst(nv);
  bind(nv, canvas);
  await drawn(nv.gl);
  document.body.dataset.ready = "";
  if (held !== null) fetch("shown");
}

/**
 * NiiVue blurs and differentiates the whole volume whenever a contrast changes, for the light on 3-D pictures that this page does not
 * use: without a graphics processor that takes longer than all the rest.
 */
function skipGradients({ gl, blurShader, sobelFirstOrderShader }) {
  const programs = [blurShader.program, sobelFirstOrderShader.program];
  const [useProgram, drawArrays] = [gl.useProgram.bind(gl), gl.drawArrays.bind(gl)];
  let skipped = false;
  gl.useProgram = (program) => { skipped = programs.includes(program); useProgram(program); };
  gl.drawArrays = (...what) => { if (!skipped) drawArrays(...what); };
}

/** Without a graphics processor the 3-D picture takes as long as all before it. */
async function showPlanesFirst(nv) {
  nv.draw3D = () => {};
  nv.setVolume(nv.volumes[0], 0);
  await drawn(nv.gl);
  state.textContent = "";
  document.body.dataset.planes = "";
  delete nv.draw3D;
  nv.drawScene();
}

/** Once all that was drawn is there: WebGL works on after its calls have returned. */
async function drawn(gl) {
  const done = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  gl.flush();
  do await new Promise(requestAnimationFrame);
  while (gl.clientWaitSync(done, 0, 0) === gl.TIMEOUT_EXPIRED);
  gl.deleteSync(done);
}

/** Gives a mask its colours and the probabilities their threshold. */
function dress(nv, layer) {
  const volume = nv.volumes[layer.number];
  if (layer.kind === "probabilities") {
    // Colours from 0 up, and nothing below cal_min; of volumes, unlike meshes, 1 would fade it instead.
    volume.colormapType = 2;
    volume.cal_min = Number(of(layer, "threshold").value);
    volume.cal_max = 1;
  } else if (layer.kind !== "volume") {
    const colours = PALETTES[layer.kind];
    const rows = layer.labels.map((_, i) => colours[i % colours.length]);
    volume.setColormapLabel({
      R: [0, ...rows.map(([red]) => red)],
      G: [0, ...rows.map(([, green]) => green)],
      B: [0, ...rows.map(([, , blue]) => blue)],
      A: [0, ...rows.map(() => 255)],
      I: [0, ...rows.map((_, i) => i + 1)],
    });
    setOutline(nv, layer);
  }
}

/** NiiVue outlines the volumes whose intent is "label" (1002), at full opacity whatever that of the volume is. */
function setOutline(nv, layer) {
  const outlined = of(layer, "outline")?.checked && of(layer, "shown").checked;
  nv.volumes[layer.number].hdr.intent_code = outlined ? 1002 : 0;
}

function bindContrast(nv) {
  const volume = nv.volumes[0];
  const [lowest, range] = [volume.global_min, volume.global_max - volume.global_min || 1];
  const [black, white] = [element("black"), element("white")];
  const show = () => {
    black.value = (volume.cal_min - lowest) / range;
    white.value = (volume.cal_max - lowest) / range;
  };
  const draw = soon(() => {
    volume.cal_min = lowest + range * Number(black.value);
    volume.cal_max = Math.max(lowest + range * Number(white.value), volume.cal_min + 0.005 * range);
    nv.updateGLVolume();
  });
  for (const control of [black, white]) control.addEventListener("input", draw);
  nv.onIntensityChange = show;
  show();
}

function bind(nv, canvas) {
  bindContrast(nv);
  for (const layer of layers) {
    const draw = soon(() => {
      setOutline(nv, layer);
      nv.setOpacity(layer.number, opacityOf(layer));
    });
    of(layer, "shown").addEventListener("change", draw);
    of(layer, "outline")?.addEventListener("change", draw);
    of(layer, "opacity").addEventListener("input", draw);
    const threshold = of(layer, "threshold");
    threshold?.addEventListener("input", soon(() => {
      element(threshold.id + "-value").textContent = Number(threshold.value).toFixed(2);
      nv.volumes[layer.number].cal_min = Number(threshold.value);
      nv.updateGLVolume();
    }));
    const channel = of(layer, "channel");
    channel?.addEventListener("change", () => nv.setFrame4D(nv.volumes[layer.number].id, Number(channel.value)));
  }
  element("view").addEventListener("change", ({ target }) => nv.setSliceType(Number(target.value)));
  element("crosshair").addEventListener("change", ({ target }) => {
    nv.opts.show3Dcrosshair = target.checked;
    nv.setCrosshairWidth(target.checked ? CROSSHAIR_PERCENT : 0);
  });
  element("radiological").addEventListener("change", ({ target }) => nv.setRadiologicalConvention(target.checked));
  element("voxels").addEventListener("change", ({ target }) => nv.setInterpolation(target.checked));
  element("cut").addEventListener("input", soon(() => {
    // Depths from 0.87 (half the diagonal of the unit cube) inwards cut; 2 is NiiVue's word for no plane.
    const cut = Number(element("cut").value);
    nv.setClipPlane([cut === 0 ? 2 : 0.6 - 0.012 * cut, 270, 0]);
  }));
  const steps = {
    ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowDown: [0, -1, 0], ArrowUp: [0, 1, 0], PageDown: [0, 0, -1], PageUp: [0, 0, 1],
  };
  canvas.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const [right, anterior, superior] = step;
    nv.moveCrosshairInVox(element("radiological").checked ? -right : right, anterior, superior);
  });
  element("panel").addEventListener("submit", (event) => event.preventDefault());
  nv.createOnLocationChange();
}

show().catch((error) => fail("Cannot show the files: " + error.message));
`;
