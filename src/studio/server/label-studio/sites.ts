import type { SetupRequest } from "./requests.ts";
import { LabelStudioSite } from "./label-studio-site.ts";

/** Projects that are remembered; the one that was used longest ago is forgotten first. */
const mostProjects = 1000;

/** Address and key of Label Studio, where whoever starts the server gives them. */
export interface GivenSite {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

/** The Label Studio of each project: as it was given at the start, or as the project's setup told. */
export class Sites {
  private readonly byProject = new Map<string, LabelStudioSite>();
  private readonly givenSite: LabelStudioSite | undefined;

  constructor(private readonly given: GivenSite) {
    const base = baseOf(given.url);
    if (base) this.givenSite = new LabelStudioSite(base, given.key);
  }

  /** Learns of a project's Label Studio. */
  remember({ project, hostname, access_token }: SetupRequest): void {
    const base = this.givenSite?.base ?? baseOf(hostname);
    if (!base) return;
    // The key that was given never goes to an address that a request names.
    const given = this.givenSite && this.given.key;
    const site = new LabelStudioSite(base, given ?? access_token ?? undefined);
    const known = this.byProject.get(project);
    this.byProject.delete(project);
    // The same one has its token for some minutes already.
    this.byProject.set(project, known?.equals(site) ? known : site);
    if (this.byProject.size > mostProjects) {
      this.byProject.delete(this.byProject.keys().next().value!);
    }
  }

  of(project: string | null | undefined): LabelStudioSite | undefined {
    return this.byProject.get(project ?? "") ?? this.givenSite;
  }
}

/** An address of the web that ends with a slash; undefined for anything else. */
export function baseOf(text: string | null | undefined): URL | undefined {
  if (text === null || text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    return undefined;
  }
  url.search = "";
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}
