/** A certificate as a tree that can be bent. Written for these tests alone, so that it shares no mistake with src/pki. */

/** One TLV. `children` wins over `content`; `lengthOctets` forces a longer length than DER allows. */
export interface DerNode {
  tag: number;
  content: Uint8Array;
  children?: DerNode[];
  lengthOctets?: number;
}

/** Reads well-formed DER; constructed values are opened down to the leaves. */
export function parse(bytes: Uint8Array): DerNode {
  const [node] = parseAll(bytes);
  if (node === undefined) throw new RangeError("no DER");
  return node;
}

function parseAll(bytes: Uint8Array): DerNode[] {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const { length, header } = readLength(bytes, at + 1);
    const content = bytes.subarray(at + 1 + header, at + 1 + header + length);
    nodes.push((tag & 0x20) === 0 ? { tag, content } : { tag, content, children: parseAll(content) });
    at += 1 + header + length;
  }
  return nodes;
}

function readLength(bytes: Uint8Array, at: number): { readonly length: number; readonly header: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { length: first, header: 1 };
  const octets = bytes.subarray(at + 1, at + 1 + (first & 0x7f));
  return { length: octets.reduce((sum, octet) => sum * 256 + octet, 0), header: 1 + octets.length };
}

/** The tree as bytes. */
export function encode(node: DerNode): Buffer {
  const content = node.children === undefined ? Buffer.from(node.content) : Buffer.concat(node.children.map(encode));
  return Buffer.concat([Buffer.from([node.tag]), lengthOf(content.length, node.lengthOctets), content]);
}

function lengthOf(length: number, forced = 0): Buffer {
  if (length < 0x80 && forced === 0) return Buffer.from([length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0 || octets.length < Math.max(1, forced); rest = Math.floor(rest / 256)) {
    octets.unshift(rest % 256);
  }
  return Buffer.from([0x80 | octets.length, ...octets]);
}

/** An independent copy. */
export function copy(node: DerNode): DerNode {
  return node.children === undefined ? { ...node } : { ...node, children: node.children.map(copy) };
}

/** Every node of the tree, the root first. */
export function everyNode(node: DerNode): DerNode[] {
  return [node, ...(node.children ?? []).flatMap(everyNode)];
}

export const primitive = (tag: number, content: Uint8Array | string | readonly number[]): DerNode => ({
  tag,
  content: typeof content === "string" ? Buffer.from(content, "latin1") : Uint8Array.from(content),
});
export const constructed = (tag: number, ...children: DerNode[]): DerNode => ({
  tag,
  content: new Uint8Array(),
  children,
});
export const sequence = (...children: DerNode[]): DerNode => constructed(0x30, ...children);
export const octetString = (inner: DerNode | Uint8Array): DerNode =>
  primitive(0x04, inner instanceof Uint8Array ? inner : encode(inner));
export const boolean = (value: boolean): DerNode => primitive(0x01, [value ? 0xff : 0x00]);
export const integer = (...octets: number[]): DerNode => primitive(0x02, octets);
export const bitString = (bits: Uint8Array | readonly number[], unused = 0): DerNode =>
  primitive(0x03, [unused, ...bits]);

/** A dotted object identifier. */
export function objectIdentifier(dotted: string): DerNode {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return primitive(0x06, [first * 40 + second, ...rest].flatMap(base128));
}

function base128(value: number): number[] {
  const octets = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest % 128) | 0x80);
  return octets;
}
