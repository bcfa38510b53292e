/** Container images without a registry: an OCI image layout in one archive, as `ctr images import` takes it. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface ImageFacts {
  /** In full, with registry and tag. */
  readonly name: string;
  /** A directory with everything that is to be in the image. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Names of the architecture as Go has them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64" };

/** @param folder an empty one, for the layout. @returns the archive's path, in that folder */
export async function imageArchive(folder: string, images: readonly ImageFacts[]): Promise<string> {
  const layout = join(folder, "layout");
  await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
  const manifests = [];
  for (const image of images) {
    const annotations = { "io.containerd.image.name": image.name };
    manifests.push({ ...(await addImage(layout, image)), annotations });
  }
  await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  const archive = join(folder, "images.tar");
  await promisify(execFile)("tar", ["-C", layout, "-cf", archive, "."]);
  return archive;
}

async function addImage(layout: string, { root, entrypoint, environment = {} }: ImageFacts): Promise<Descriptor> {
  const packed = join(layout, "layer.tar");
  await promisify(execFile)("tar", ["-C", root, "--numeric-owner", "-cf", packed, "."]);
  const layer = await addBlob(layout, packed, "application/vnd.oci.image.layer.v1.tar");
  const config = await addJson(layout, "application/vnd.oci.image.config.v1+json", {
    architecture: ARCHITECTURES[arch()] ?? arch(),
    os: "linux",
    config: { Entrypoint: entrypoint, Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`) },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  return await addJson(layout, mediaType, { schemaVersion: 2, mediaType, config, layers: [layer] });
}

async function addJson(layout: string, mediaType: string, content: unknown): Promise<Descriptor> {
  const path = join(layout, "blob.json");
  await writeFile(path, JSON.stringify(content));
  return await addBlob(layout, path, mediaType);
}

/** Moves the file to where its content says. */
async function addBlob(layout: string, path: string, mediaType: string): Promise<Descriptor> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const digest = hash.digest("hex");
  const { size } = await stat(path);
  await rename(path, join(layout, "blobs", "sha256", digest));
  return { mediaType, digest: `sha256:${digest}`, size };
}
