/** `npm run documents`: writes the documents that are made from the code. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generatedDocuments } from "./documents.ts";

for (const { path, content } of generatedDocuments()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
