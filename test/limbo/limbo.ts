/** Reads the cases of C2SP/x509-limbo and what Go says to them, from the paths in X509_LIMBO and X509_LIMBO_GO. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Certificate, certificateFrom } from "../../src/pki/certificate.ts";
import { goPemBlocks } from "../../src/pki/reading/go-pem.ts";
import { type ChainVerdict, verifyChain } from "../../src/pki/verification/verify-chain.ts";
import { parseX509 } from "../../src/pki/x509/parse.ts";

const verdict = z.enum(["SUCCESS", "FAILURE"]);
const name = z.object({ kind: z.enum(["DNS", "IP", "RFC822"]), value: z.string() });
const caseSchema = z.object({
  id: z.string(),
  trusted_certs: z.array(z.string()),
  untrusted_intermediates: z.array(z.string()),
  peer_certificate: z.string(),
  expected_peer_name: name.nullable(),
  validation_time: z.string().nullable(),
  expected_result: verdict,
});
const limboSchema = z.object({ testcases: z.array(caseSchema) });
const goSchema = z.record(z.string(), z.object({ go: verdict }));

export type LimboCase = z.infer<typeof caseSchema> & { readonly go: "SUCCESS" | "FAILURE" };

/** Undefined when a path is not set. */
export function readLimbo(): readonly LimboCase[] | undefined {
  const { X509_LIMBO: limbo, X509_LIMBO_GO: verdicts } = process.env;
  if (!limbo || !verdicts) {
    return undefined;
  }
  const go = goSchema.parse(JSON.parse(readFileSync(verdicts, "utf8")));
  return limboSchema.parse(JSON.parse(readFileSync(limbo, "utf8"))).testcases.map((testcase) => {
    const said = go[testcase.id];
    if (said === undefined) {
      throw new Error(`X509_LIMBO_GO has no verdict for ${testcase.id}`);
    }
    return { ...testcase, go: said.go };
  });
}

/** Cases without a time are good from 1970 to 2969, or should fail at any time in between. */
const ANY_TIME = "2026-11-23T00:00:00Z";

/** Undefined when a certificate of the case cannot be parsed, which is a refusal. */
export function judge(testcase: LimboCase): ChainVerdict | undefined {
  const chain = [testcase.peer_certificate, ...testcase.untrusted_intermediates].map(parse);
  const anchors = testcase.trusted_certs.map(parse);
  const complete = (list: readonly (Certificate | undefined)[]): list is readonly Certificate[] =>
    !list.includes(undefined);
  if (!complete(chain) || !complete(anchors)) {
    return undefined;
  }
  const hostname = testcase.expected_peer_name?.value;
  const at = new Date(testcase.validation_time ?? ANY_TIME);
  return verifyChain({ chain, anchors, at, ...(hostname === undefined ? {} : { hostname }) });
}

function parse(pem: string): Certificate | undefined {
  const [block] = goPemBlocks(pem);
  const parsed = block === undefined ? undefined : parseX509(block.bytes);
  return parsed?.kind === "parsed" ? certificateFrom(parsed.certificate) : undefined;
}
