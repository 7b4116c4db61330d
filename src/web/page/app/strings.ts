import type { MaskFormat } from "../../../files/formats/formats.ts";
import type { Luggage, TileKind } from "../protocol.ts";

const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

/** Bytes in units of 1,000. */
export function bytes(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(count >= 1e7 ? 0 : 1)} MB`;
  return `${Math.max(1, Math.round(count / 1e3))} kB`;
}

/** A share 0..1 in percent. */
export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Seconds in words. */
export function duration(seconds: number): string {
  if (seconds < 90) return plural(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 5400) return plural(Math.round(seconds / 60), "minute");
  return `${(seconds / 3600).toFixed(1)} hours`;
}

/** Every text of the page. */
export const t = {
  title: "tag2mask",
  skip: "Skip to the content",
  nav: { label: "Parts", start: "Start", masks: "Masks", train: "Train" },
  private: "Computed in this tab. No image leaves it.",
  close: "Close",
  cancel: "Cancel",
  retry: "Try again",
  details: "Where in the program",
  working: "Working …",
  workerDied: (reason: string) =>
    `worker: it ended by itself (${reason}), which happens where memory is missing; what is stored is intact; reload the page, and take smaller images or crops`,
  otherSetting: (key: string) => `Another value of ${key} helps.`,
  imagesOf: "Images",

  start: {
    heading: "Tags in, masks out",
    lead: "Say what is in your photographs; a network learns where it is. Everything is computed in this tab: no image leaves it, and once loaded the page works without a network.",
    masks: "Masks from a model",
    masksText:
      "Drop a model, then photographs. A model is an .onnx that tag2mask exported, or the .safetensors of a training.",
    masksGo: "Open a model",
    train: "Train from tags",
    trainText:
      "Drop a folder of photographs with their tags, or photographs alone and tag them here. A small network is trained in this tab.",
    trainGo: "Choose images",
    demo: "Watch it learn",
    demoText:
      "Drawn scenes with shapes, of which the network is told the names alone. In some two minutes it learns their outlines.",
    demoGo: "Start the demo",
    demoForm: "Other settings",
    runs: "Trainings in this browser",
    runsNone: "None yet. A training is stored here and goes on after the tab was closed.",
    step: (step: number, steps: number) => `step ${step} of ${steps}`,
    state: { running: "is being trained", stopped: "stopped", done: "done" },
    score: { seg: "mIoU", tagF1: "F1 of the tags" },
    goOn: "Go on",
    show: "Show",
    use: "Use on photographs",
    remove: "Delete",
    removeTitle: "Delete this training?",
    removeText: (name: string) =>
      `${name}: the weights, curves and stored images are deleted from this browser. This cannot be undone.`,
    removeGo: "Delete it",
    busy: "Another training runs in this tab; stop it first.",
  },

  drop: {
    or: "or",
    files: "Choose files",
    folder: "Choose a folder",
    over: "Drop here",
  },

  masks: {
    heading: "Masks",
    dropModel: "Drop a model here",
    dropModelText: ".onnx of an export, or .safetensors of a run",
    opening: (name: string) => `Opening ${name} …`,
    notModel: (name: string) =>
      `${name}: is no model; give an .onnx that tag2mask exported, or a .safetensors of a run`,
    model: (name: string, classes: number, device: string) =>
      `${name}: ${plural(classes, "class", "classes")}, computed on the ${device === "cpu" ? "processor" : "GPU"}`,
    otherModel: "Other model",
    dropPhotos: "Drop photographs here",
    dropMore: "Add photographs",
    crf: "Follow the colors (CRF)",
    crfText: "Refines outlines along the colors of the photograph; takes longer.",
    opacity: "Opacity",
    outlines: "Outlines only",
    from: "With known tags by",
    fromNames: {
      segmentation: "segmentation",
      affinity: "activations and affinity",
      cam: "activations alone",
    },
    list: "Photographs",
    done: (done: number, of: number) => `${done} of ${of} done`,
    waiting: "waiting",
    computing: "computing",
    remove: (name: string) => `Remove ${name}`,
    legend: "What is in it",
    background: "background",
    confidence: (value: string) => `Confidence ${value}`,
    seconds: (value: number) => `${value.toFixed(1)} s`,
    tags: "What you know",
    tagsText:
      "If you know what is in this photograph, choose it: the mask then has nothing else in it.",
    tagsClear: "I do not know",
    canvas: (name: string) => `${name} with its mask`,
    canvasHelp: "Drag to move, turn the wheel to zoom.",
    nothing: "Choose a photograph in the list.",
    beside: "A training runs beside this; both are slower.",
    export: "Take the masks along",
    exportText: "A zip with the masks of all photographs in each of these formats.",
    overlays: "Overlays, to look at",
    exportGo: (n: number) => `Save ${plural(n, "mask")} as a zip`,
    formats: {
      voc: "PNG with palette (VOC)",
      coco: "COCO",
      labelstudio: "Label Studio",
      cvat: "CVAT",
      yolo: "YOLO",
      ultralytics: "Ultralytics PNG",
    } satisfies Record<MaskFormat, string>,
  },

  data: {
    heading: "Train from tags",
    lead: "What to train on",
    drop: "Drop a folder here, or photographs",
    dropText:
      "A folder has images/ with tags.csv, or a folder for each class, or is VOC or COCO. Photographs alone are tagged here.",
    reading: (what: string, done: number, total: number) => `${what}: ${done} of ${total}`,
    readingFolder: (name: string) => `Reading ${name} …`,
    found: (name: string) => `Found in ${name}`,
    foundScenes: "Drawn scenes",
    format: (format: string) => `Layout: ${format}`,
    images: (training: number, validation: number) =>
      `${plural(training, "image")} to train on, ${plural(validation, "image")} to check on`,
    masks: (n: number) =>
      n > 0
        ? `${plural(n, "true mask")}, to measure with`
        : "No true masks: only the tags can be scored",
    sides: (least: number, most: number) => `Sides of ${least} to ${most} pixels`,
    perClass: "Training images of each class",
    problems: (n: number) => plural(n, "problem"),
    moreProblems: (n: number) => `and ${plural(n, "more problem")}`,
    obstacle: (why: string) => `No training can start on this: ${why}`,
    few: "Few images: from random weights, some hundred of each class are needed for good masks. Fewer show how it works.",
    other: "Other images",
    tagInstead: "Tag its photographs here",
    scenesCount: "Scenes",
    scenesSize: "Side in pixels",
  },

  tag: {
    heading: "Tag the photographs",
    text: "Choose a class, then press the photographs that show it.",
    newClass: "New class",
    add: "Add",
    badName: "Names of classes have no ; in them.",
    active: (name: string) => `Now marking: ${name}`,
    chooseFirst: "Add a class first.",
    grid: "Photographs",
    none: "no class yet",
    removeClass: (name: string) => `Remove the class ${name}`,
    count: (tagged: number, all: number) => `${tagged} of ${plural(all, "photograph")} tagged`,
    untagged: "Photographs without a class are left out.",
    more: "Add photographs",
    go: "Use these tags",
    refused: (name: string, reason: string) => `${name} is left out: ${reason}`,
  },

  settings: {
    heading: "Training",
    name: "Name",
    steps: "Steps",
    crop: "Crop",
    cropText: "Side of the parts of images that it learns from, in pixels",
    batch: "Batch",
    batchText: "Crops in a step",
    device: "Computed on",
    devices: { auto: "what is faster here", cpu: "the processor", webgpu: "the GPU (WebGPU)" },
    more: "More settings",
    seed: "Seed",
    others: "Others",
    othersText: "A line each, with the names of the documentation: data.maxSide: 160",
    memory: "Memory",
    memoryFits: (need: string, room: string) => `${need} of the ${room} that a page may take`,
    memorySplit: (whole: string, microBatch: number, need: string, room: string) =>
      `A whole batch would take ${whole}. ${plural(microBatch, "crop")} at a time take ${need} of the ${room} that a page may take.`,
    memoryNot: (need: string, room: string) =>
      `memory: this training takes at least ${need}, but a page may take ${room} of the 4 GiB that WebAssembly has`,
    smallerCrop: (crop: number) => `make the crop smaller: ${crop} fits`,
    noCrop: "no crop fits: choose a smaller model.backbone",
    useCrop: (crop: number) => `Take ${crop}`,
    storage: "Storage",
    storageText: (images: string | undefined, run: string, free: string) =>
      `${images === undefined ? "The scenes are drawn again in each visit" : `${images} of images are copied into the storage of this browser`}, so that the training goes on after the tab was closed; the run takes up to ${run}. ${free} are free.`,
    storageNot: (need: string, free: string) =>
      `storage: images and run take ${need}, but the browser gives this page ${free}; delete other trainings, or take fewer or smaller images`,
    unknown: "an unknown amount",
    network: (parameters: number) => `${(parameters / 1e6).toFixed(1)} million learned values`,
    go: "Start the training",
    pending: "Looking at the settings …",
  },

  run: {
    missing: (name: string) =>
      `${name}: there is no such training in this browser; see the list on the start page`,
    step: "Step",
    progress: (step: number, steps: number) => `Step ${step} of ${steps}`,
    perStep: (seconds: number) => `${seconds.toFixed(seconds < 1 ? 2 : 1)} s a step`,
    left: (words: string) => `${words} left`,
    preparing: "Preparing …",
    validating: (done: number, total: number) => `Checking: ${done} of ${plural(total, "image")}`,
    stopping: "Stopping after this step …",
    finishing: "Writing the report …",
    stopped: (step: number, steps: number) =>
      `Stopped after step ${step} of ${steps}. It can go on.`,
    done: (steps: number) => `Done after ${plural(steps, "step")}.`,
    elsewhere: "It is being trained in another tab of this page.",
    canceled: "Stopped before there was anything to keep.",
    stop: "Stop",
    goOn: "Go on",
    losses: "Losses",
    lossNames: { total: "total", cls: "classes", seg: "segmentation", affinity: "affinity" },
    scores: "Scores of the checks",
    scoreNames: {
      seg: "segmentation, mIoU",
      affinityCam: "affinity, mIoU",
      cam: "activations, mIoU",
      tagF1: "tags, F1",
    },
    phases: {
      classification: "learns what is in the images",
      pseudo: "learns where it is",
      affinity: "learns the outlines",
    },
    seen: (step: number) => `What it sees after step ${step}`,
    seenYet: "What it sees",
    seenNone: "After the first checkpoint, pictures show here what the network sees.",
    seenOff: "Look while it learns",
    looking: "Looking …",
    lookNow: "Look now",
    tiles: {
      image: "Image",
      cam: "Where it looks",
      label: "Mask from the tags",
      prediction: "Prediction",
      truth: "Truth",
    } satisfies Record<TileKind, string>,
    notices: "Notices",
    use: "Use on photographs",
    along: "Take it along",
    alongText: {
      onnx: ["Model for other programs", ".onnx"],
      transformersjs: ["Files for transformers.js", ".zip"],
      safetensors: ["Weights", ".safetensors"],
      run: ["The whole run, with optimizer: the command line goes on with it", ".zip"],
      images: ["The images that it was trained on", ".zip"],
    } satisfies Record<Luggage, readonly [string, string]>,
    save: "Save",
    making: "Making the file …",
    tab: (share: string, name: string) => `${share} · ${name} · tag2mask`,
  },
} as const;
