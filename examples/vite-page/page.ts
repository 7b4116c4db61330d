import type { Answer, Request } from "./worker.ts";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const state = document.querySelector("#state")!;
const result = document.querySelector("#result")!;

const ask = (request: Request): void => {
  state.textContent = "Computing…";
  worker.postMessage(request);
};

/** Asks the worker with each file that is chosen in an input. */
function whenChosen(selector: string, use: (file: File) => void): void {
  const input = document.querySelector<HTMLInputElement>(selector)!;
  input.onchange = () => {
    const file = input.files?.[0];
    if (file) use(file);
  };
}

whenChosen("#model", (model) => ask({ model }));
whenChosen("#image", (image) => ask({ image }));

document.ondragover = (event) => event.preventDefault();
document.ondrop = (event) => {
  event.preventDefault();
  const image = event.dataTransfer?.files[0];
  if (image) ask({ image });
};

worker.onerror = ({ message }) => (state.textContent = message);
worker.onmessage = ({ data }: MessageEvent<Answer>) => {
  state.textContent = data.text;
  if (data.mask && data.image) result.replaceChildren(shown(data.image), shown(data.mask));
};

function shown(blob: Blob): HTMLElement {
  const figure = document.createElement("figure");
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  image.onload = () => URL.revokeObjectURL(image.src);
  figure.append(image);
  return figure;
}
