import type { InitialWeights } from "../../method/inference/initial-weights.ts";
import type { ReportData } from "./training-data.ts";
import { renderDocument } from "./document.ts";
import { html, type Html } from "./html.ts";
import { panels } from "./panel-cards.ts";
import { figures, scores } from "./score-cards.ts";
import { stepGains } from "./step-gains.ts";
import { licenseOf } from "../weights/initial-weights.ts";
import { thresholdFacts } from "./threshold-facts.ts";
import { training } from "./training-charts.ts";

/** report.html: a self-contained page about a run. */
export function renderReport(data: ReportData): string {
  return renderDocument({ title: data.title }, [
    heading(data),
    figures(data),
    data.gains && stepGains(data.gains, data.classes),
    scores(data),
    panels(data),
    training(data),
    thresholdFacts(data),
    facts(data),
  ]);
}

function heading({ title, dataset, classes, parameters, finished, steps }: ReportData): Html {
  const last = steps.at(-1);
  const stepsDone = (last?.step ?? -1) + 1;
  const progress = finished
    ? `${count(stepsDone)} steps`
    : `stopped after ${count(stepsDone)} of ${count(last?.steps ?? 0)} steps`;
  const size = parameters === undefined ? [] : [`${(parameters / 1e6).toFixed(2)} M parameters`];
  const images = dataset["images"] === undefined ? [] : [`${dataset["images"]} images`];
  const summary = [progress, ...size, ...images, `${classes.length} classes`].join(" · ");
  return html`<header>
    <p class="over">tag2mask training report</p>
    <h1>${title}</h1>
    <p class="soft">${summary}</p>
  </header>`;
}

function facts({
  dataset,
  config,
  command,
  resumedBy,
  versions,
  initialWeights,
}: ReportData): Html {
  const list = (values: Readonly<Record<string, unknown>>): Html =>
    html`<dl>
      ${Object.entries(values).map(
        ([key, value]) =>
          html`<dt>${key}</dt>
            <dd>${plain(value)}</dd>`,
      )}
    </dl>`;
  const isSection = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const sections = Object.entries(config).filter(([, value]) => isSection(value));
  const ungrouped = Object.entries(config).filter(([, value]) => !isSection(value));
  return html`<section>
    <h2>This run</h2>
    <p class="note">Everything needed to repeat the run.</p>
    <pre>${command}</pre>
    ${
      resumedBy === undefined
        ? ""
        : html`<p class="note">It was stopped, and went on with:</p>
            <pre>${resumedBy}</pre>`
    }
    <div class="split gap">
      <div class="card">
        <h3>Data</h3>
        <div class="gap">${list(dataset)}</div>
      </div>
      <div class="card">
        <h3>Versions</h3>
        <div class="gap">${list(versions)}</div>
      </div>
      ${
        initialWeights
          ? html`<div class="card">
              <h3>First weights</h3>
              <div class="gap">${list(weightsFacts(initialWeights))}</div>
            </div>`
          : ""
      }
    </div>
    <div class="card gap sections">
      ${
        ungrouped.length > 0
          ? html`<div>
              <h3>Settings</h3>
              ${list(Object.fromEntries(ungrouped))}
            </div>`
          : ""
      }
      ${sections.map(
        ([name, values]) =>
          html`<div>
            <h3>${name}</h3>
            ${list(values as Record<string, unknown>)}
          </div>`,
      )}
    </div>
  </section>`;
}

/** Facts about first weights, the license first. */
function weightsFacts(origin: InitialWeights): Record<string, string> {
  const { source, repository, revision, commit, files = {}, from } = origin;
  const digests = Object.entries(files).map(([name, digest]) => [`SHA-256 of ${name}`, digest]);
  const facts = {
    weights: source,
    license: licenseOf(origin),
    repository,
    revision,
    commit,
    "trained from": from?.source,
    ...(Object.fromEntries(digests) as Record<string, string>),
  };
  return Object.fromEntries(
    Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined),
  );
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return String(value);
}
