import { html, Html } from "./html.ts";
import { reportStyle } from "./style.ts";

export interface DocumentOptions {
  readonly title: string;
  /** CSS in addition to that of all pages. */
  readonly style?: string;
  /** Sources of pictures: inside the page, or files beside it. */
  readonly images?: "inside" | "beside";
  /** Class of the element around the content. */
  readonly className?: string;
}

/** A page that loads nothing from the network and runs no script. */
export function renderDocument(
  { title, style = "", images = "inside", className = "" }: DocumentOptions,
  content: Html | readonly (Html | undefined)[],
): string {
  const sources = images === "inside" ? "data:" : "'self' file:";
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src ${new Html(sources)}"
        />
        <meta name="generator" content="tag2mask" />
        <title>${title} · tag2mask</title>
        <style>
          ${new Html(reportStyle + style)}
        </style>
      </head>
      <body>
        <main class="${className}">${content}</main>
      </body>
    </html>`;
  return page.text;
}
