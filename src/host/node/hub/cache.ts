import * as fs from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { HubCopy, HubFile } from "../../hub.ts";
import { writeFileAtomic } from "../files/atomic-file.ts";
import { failure, isDiskFailure, orUnwritable } from "../files/file-error.ts";
import { makeFolder } from "../files/make-folder.ts";
import { temporaryBeside } from "../files/temporary-name.ts";
import { isCommit } from "./names.ts";

/** Names that the hub gave a file. */
export interface FileIdentity {
  /** Digest of the content in hexadecimal digits: SHA-256, or git's SHA-1 of a small file; undefined if it named none. */
  readonly digest: string | undefined;
  /** Commit of the repository; undefined if the hub named none. */
  readonly commit: string | undefined;
}

/**
 * The cache of the Python library huggingface_hub, in its layout: `models--owner--name/` with the contents by digest in
 * `blobs/`, links to them in `snapshots/COMMIT/`, and the commit of each branch or tag in `refs/`. A file whose commit is not
 * known, such as one that a person put there, is in `snapshots/REVISION/`, where the library looks too.
 */
export class HubCache {
  /** @param noLinks store files in place of links */
  constructor(
    readonly folder: string,
    private readonly noLinks: boolean,
  ) {}

  /** The copy of a file; undefined if there is none. */
  async find({ repository, revision, file }: HubFile): Promise<HubCopy | undefined> {
    const top = this.repositoryFolder(repository);
    const commit = isCommit(revision) ? revision : await readReference(top, revision);
    for (const snapshot of commit === undefined ? [revision] : [commit, revision]) {
      const path = join(top, "snapshots", snapshot, file);
      const stats = await fs.stat(path).catch(() => undefined);
      if (!stats?.isFile()) continue;
      return { path, commit: isCommit(snapshot) ? snapshot : undefined, size: stats.size };
    }
    return undefined;
  }

  /** The place for a file that a person fetches by hand. */
  placeOf({ repository, revision, file }: HubFile): string {
    return join(this.repositoryFolder(repository), "snapshots", revision, file);
  }

  /** The file that a download grows in. Its name is not one that the Python library writes. */
  partialFile(repository: string, key: string): string {
    return join(this.repositoryFolder(repository), "blobs", `${key}.tag2mask-partial`);
  }

  /** The file that keeps two processes from fetching the same content. */
  lockFile(repository: string, key: string): string {
    const locks = join(this.folder, ".locks", folderName(repository));
    return join(locks, `${key}.tag2mask.lock`);
  }

  /** Gives a complete download its names in the cache. */
  async store(
    file: HubFile,
    { digest, commit }: FileIdentity,
    partial: string,
    sha256: string,
  ): Promise<HubCopy> {
    const { size } = await fs.stat(partial);
    const blob = join(this.repositoryFolder(file.repository), "blobs", digest ?? sha256);
    const path = await this.name(file, commit, async (place) => {
      if (this.noLinks) return orUnwritable(place, fs.rename(partial, place));
      await orUnwritable(blob, fs.rename(partial, blob));
      await link(blob, place);
    });
    return { path, commit, size };
  }

  /** Names a content that came with another commit; undefined if the cache does not have it. */
  async adopt(file: HubFile, identity: FileIdentity): Promise<HubCopy | undefined> {
    const { digest, commit } = identity;
    if (digest === undefined || this.noLinks) return undefined;
    const top = this.repositoryFolder(file.repository);
    const blob = join(top, "blobs", digest);
    const stats = await fs.stat(blob).catch(() => undefined);
    if (!stats?.isFile()) return undefined;
    const path = await this.name(file, commit, (place) => link(blob, place));
    return { path, commit, size: stats.size };
  }

  /** Gives a content its name in a snapshot, and the snapshot that of its branch or tag. */
  private async name(
    { repository, revision, file }: HubFile,
    commit: string | undefined,
    place: (path: string) => Promise<void>,
  ): Promise<string> {
    const top = this.repositoryFolder(repository);
    const path = join(top, "snapshots", commit ?? revision, file);
    await makeFolder(dirname(path));
    await place(path);
    if (commit !== undefined && commit !== revision) await writeReference(top, revision, commit);
    return path;
  }

  private repositoryFolder(repository: string): string {
    return join(resolve(this.folder), folderName(repository));
  }
}

function folderName(repository: string): string {
  return `models--${repository.replace("/", "--")}`;
}

/** The commit that a branch or tag stood for when it was last fetched. */
async function readReference(top: string, revision: string): Promise<string | undefined> {
  const text = await fs.readFile(join(top, "refs", revision), "utf8").catch(() => "");
  const commit = text.trim();
  return isCommit(commit) ? commit : undefined;
}

async function writeReference(top: string, revision: string, commit: string): Promise<void> {
  const path = join(top, "refs", revision);
  await writeFileAtomic(path, commit);
}

/** Makes a relative link to a content, or moves the content there where the disk has no links. */
async function link(blob: string, path: string): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await fs.symlink(relative(dirname(path), blob), temporary);
  } catch (error) {
    if (isDiskFailure(error)) throw failure(`${path}: the link cannot be written`, error);
    return orUnwritable(path, fs.rename(blob, path));
  }
  try {
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw failure(`${path}: the link cannot be written`, error);
  }
}
