/** What an engine refuses, in its own words, and what is left alone then. The engine is a real HTTP server on a socket. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runBeside } from "../../src/remote/beside-container.ts";
import type { Engine } from "../../src/remote/engine.ts";
import { type EngineAnswer, type ScriptedEngine, says, startScriptedEngine } from "../helpers/scripted-engine.ts";

let scripted: ScriptedEngine;
let engine: Engine;
beforeAll(async () => {
  scripted = await startScriptedEngine();
  ({ engine } = scripted);
});
afterAll(() => scripted?.stop());

const ID = "0123456789abcdef0123456789abcdef";

describe("what an engine refuses is told in its words", () => {
  const long = `${"a".repeat(100)}${"b".repeat(100)}${"c".repeat(101)}`;
  const rows: [string, EngineAnswer, string][] = [
    ["a sentence", says(500, "no space left on device."), "no space left on device."],
    ["words without an end", says(500, "no space left on device"), "no space left on device."],
    ["many lines: the first of them", says(500, " one\ntwo\n"), "one."],
    ["the plain text of a proxy", { status: 502, body: "bad gateway" }, "bad gateway."],
    ["JSON of another kind", { status: 500, body: { cause: "x" } }, '{"cause":"x"}.'],
    ["300 characters whole", says(500, long.slice(1)), `${long.slice(1)}.`],
    ["both ends of more", says(500, long), `${"a".repeat(100)} … ${"b".repeat(99)}${"c".repeat(101)}.`],
    ["nothing", says(409, ""), "it did not say why."],
  ];
  it.each(rows)("%s", async (_, answer, words) => {
    const line = `POST /containers/${ID}/start`;
    scripted.script({ [line]: [answer] });
    await expect(engine.start(ID)).rejects.toMatchObject({
      code: "engine.refused",
      exitCode: 1,
      message: `The engine at the engine would not start 0123456789ab: ${words}`,
    });
    expect(scripted.asked()).toEqual([line]);
  });

  it("and what it takes for done is no refusal", async () => {
    scripted.script({
      [`POST /containers/${ID}/stop?t=30`]: [{ status: 304, body: "" }],
      [`DELETE /containers/${ID}?force=true&v=false`]: [says(404, "no such container")],
    });
    await engine.stop(ID, 30);
    await engine.remove(ID, { volumes: false });
    expect(scripted.asked()).toHaveLength(2);
  });

  it("nor is an answer that no engine gives a success", async () => {
    scripted.script({ [`POST /containers/${ID}/wait`]: [{ status: 200, body: "<html>" }] });
    await expect(engine.wait(ID)).rejects.toMatchObject({
      code: "engine.unreachable",
      message: "the engine does not answer as a container engine does.",
    });
  });

  it("a container that it does not know is told with those that it knows", async () => {
    const [unknown, list] = ["GET /containers/ranchr/json", "GET /containers/json?all=true"];
    scripted.script({
      [unknown]: [says(404, "no such container")],
      [list]: [
        {
          status: 200,
          body: [
            { Id: ID, Names: ["/rancher"] },
            { Id: ID, Names: null },
          ],
        },
        { status: 200, body: [] },
      ],
    });
    const code = "engine.container-unknown";
    await expect(engine.inspect("ranchr")).rejects.toMatchObject({ code, hint: "It has rancher, 0123456789ab." });
    await expect(engine.inspect("ranchr")).rejects.toMatchObject({ code, hint: /none at all/ });
  });
});

describe("a container beside another one", () => {
  const own = "farrier-0123456789ab";
  const create = `POST /containers/create?name=${own}`;
  const inspect = `GET /containers/${own}/json`;
  const taken = says(409, "the name is already in use");
  const there = (labels: Readonly<Record<string, string>>, running: boolean): EngineAnswer => ({
    status: 200,
    body: {
      Id: "feedfacefeedface",
      Name: `/${own}`,
      Image: "i",
      State: { Status: "x", Running: running },
      Config: { Labels: labels },
      HostConfig: {},
    },
  });
  const beside = () => runBeside(engine, { id: ID, name: "rancher", imageId: "i" }, "true", async () => "read");
  const ours = { "farrier.beside": ID };

  it.each([
    ["409", taken],
    ["Podman's 500", says(500, `the container name "${own}" is already in use`)],
  ])("is not made where somebody else's has its name (%s), and that one stays", async (_, answer) => {
    scripted.script({ [create]: [answer], [inspect]: [there({ owner: "somebody" }, false)] });
    await expect(beside()).rejects.toMatchObject({
      code: "engine.refused",
      exitCode: 1,
      message: `A container that is not Farrier's has the name ${own}.`,
      hint: "Rename it: Farrier needs that name for a moment.",
    });
    expect(scripted.asked()).toEqual([create, inspect]);
  });

  it("waits its turn where another process runs there, and stops nothing", async () => {
    scripted.script({ [create]: [taken], [inspect]: [there(ours, true)] });
    await expect(beside()).rejects.toMatchObject({
      code: "lock.held",
      exitCode: 6,
      message: "Another process is copying the data of container rancher.",
    });
    expect(scripted.asked()).toEqual([create, inspect]);
  });

  it("takes the place of one that was left, by its id and with its volumes kept; where that stays, nothing runs", async () => {
    const remove = "DELETE /containers/feedfacefeedface?force=true&v=false";
    scripted.script({ [create]: [taken], [inspect]: [there(ours, false)], [remove]: [{ status: 204, body: "" }] });
    await expect(beside()).rejects.toMatchObject({
      code: "engine.refused",
      message: `The engine at the engine would not create ${own}: it is still there.`,
    });
    expect(scripted.asked()).toEqual([create, inspect, remove, create]);
  });

  it("is not tried again where the engine has another reason, and nothing is removed", async () => {
    scripted.script({ [create]: [says(500, "no such image")] });
    await expect(beside()).rejects.toMatchObject({
      code: "engine.refused",
      message: `The engine at the engine would not create ${own}: no such image.`,
    });
    expect(scripted.asked()).toEqual([create]);
  });

  it("whose output cannot be had is removed again, unstarted", async () => {
    const remove = "DELETE /containers/feed?force=true&v=false";
    scripted.script({
      [create]: [{ status: 201, body: { Id: "feed" } }],
      [remove]: [{ status: 204, body: "" }],
    });
    await expect(beside()).rejects.toMatchObject({ code: "engine.unreachable" });
    expect(scripted.asked()).toEqual([create, "POST /containers/feed/attach?stream=1&stdout=1&stderr=1", remove]);
  });
});
