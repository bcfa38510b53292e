/** The documents that are made from the code, so that they cannot drift from it. */
import { z } from "zod";
import { createProgram } from "../src/cli/program.ts";
import { settingsSchema } from "../src/cli/settings.ts";
import { ERRORS } from "../src/errors.ts";
import { estateSchema } from "../src/estate/estate.ts";
import { FINDINGS } from "../src/findings.ts";
import { planFileSchema } from "../src/plan/plan-file.ts";
import { reportSchema } from "../src/report/report.ts";
import { stepsDocument } from "./step-documents.ts";

/** A file of the repository and what it must contain. */
export interface GeneratedDocument {
  readonly path: string;
  readonly content: string;
}

const NOTE = "<!-- Made from the code by `npm run documents`. -->";

/** All of them; the same code gives the same bytes. */
export function generatedDocuments(): readonly GeneratedDocument[] {
  return [
    { path: "docs/checks.md", content: checks() },
    { path: "docs/errors.md", content: errors() },
    { path: "docs/cli.md", content: commands() },
    { path: "docs/steps.md", content: stepsDocument(NOTE) },
    { path: "schema/estate.schema.json", content: schema(estateSchema) },
    { path: "schema/plan.schema.json", content: schema(planFileSchema) },
    { path: "schema/report.schema.json", content: schema(reportSchema) },
    { path: "schema/farrier.schema.json", content: schema(settingsSchema) },
  ];
}

function checks(): string {
  const entries = Object.entries(FINDINGS).sort(([a], [b]) => a.localeCompare(b));
  const sections = entries.map(
    ([code, entry]) => `## ${code}\n\n*${entry.severity}* · ${entry.meaning}\n\n${entry.hint}\n`,
  );
  return `# Checks\n\n${NOTE}\n\nEvery finding that \`farrier check\` and \`farrier plan\` report, by code. Codes are stable.\n\n${sections.join("\n")}`;
}

function errors(): string {
  const entries = Object.entries(ERRORS).sort(([a], [b]) => a.localeCompare(b));
  const sections = entries.map(
    ([code, entry]) => `## ${code}\n\n*exit ${entry.exit}* · ${entry.meaning}\n\n${entry.hint}\n`,
  );
  return `# Errors\n\n${NOTE}\n\nEvery error that a command ends with, by code. Codes are stable.\n\n${sections.join("\n")}`;
}

function commands(): string {
  const program = createProgram(() => undefined);
  const sections = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== "help")
    .flatMap((command) => (command.commands.length === 0 ? [command] : command.commands))
    .map((command) => {
      const parent = command.parent === program || command.parent === null ? "" : `${command.parent.name()} `;
      command.configureHelp({ ...command.configureHelp(), helpWidth: 100 });
      return `## farrier ${parent}${command.name()}\n\n\`\`\`\n${command.helpInformation().trim()}\n\`\`\`\n`;
    });
  return `# Commands\n\n${NOTE}\n\n${sections.join("\n")}`;
}

function schema(of: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(of), null, 2)}\n`;
}
