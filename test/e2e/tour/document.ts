/*
 * The tour as it stands in its Markdown: ```sh blocks are typed line by line, and the lines of a ```text block right behind one are to be
 * found, in their order, in what was printed. `…` stands for anything.
 */

/** What is typed at once, and what is to be seen then. */
export interface Step {
  /** The line of the document that it begins at. */
  readonly line: number;
  /** Whom the commands are for: the word behind ```sh; empty for the one machine that most are for. */
  readonly machine: string;
  readonly commands: readonly Command[];
  readonly expected: readonly string[];
}

export interface Command {
  readonly text: string;
  /** As its comment says, `# exits 1`; 0 without one. */
  readonly exitCode: number;
}

/** Steps below one heading. */
export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

interface Block {
  readonly line: number;
  /** What stands behind the three backticks. */
  readonly info: readonly string[];
  readonly lines: readonly string[];
}

/** @throws when a block has no end, or a `text` block no `sh` block before it. */
export function readTour(markdown: string): Chapter[] {
  const lines = markdown.split('\n');
  const chapters: { title: string; steps: Step[] }[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.startsWith('## ')) chapters.push({ title: line.slice(3).trim(), steps: [] });
    if (!line.startsWith('```')) continue;
    const end = lines.indexOf('```', index + 1);
    if (end === -1) throw new Error(`the block at line ${index + 1} has no end`);
    addBlock(chapters.at(-1)?.steps ?? [], { line: index + 1, info: line.slice(3).split(' '), lines: lines.slice(index + 1, end) });
    index = end;
  }
  return chapters.filter(({ steps }) => steps.length > 0);
}

function addBlock(steps: Step[], { line, info: [language, machine = ''], lines }: Block): void {
  if (language === 'sh') steps.push({ line, machine, commands: lines.map(commandOf), expected: [] });
  if (language !== 'text') return;
  const last = steps.pop();
  if (!last || last.expected.length > 0) throw new Error(`the text at line ${line} stands behind no command`);
  steps.push({ ...last, expected: lines });
}

function commandOf(text: string): Command {
  return { text, exitCode: Number(/# exits (\d+)/.exec(text)?.[1] ?? 0) };
}

/** Whether a step changes nothing, so that it can be typed again until what is to be seen is there. */
export function onlyLooks({ commands }: Step): boolean {
  return commands.every(({ text }) => looking.test(text));
}

const looking =
  /^(?:kubectl (?:api-resources|cluster-info|describe|exec|explain|get|logs|top|wait|rollout (?:history|status)) |kubectl cluster-info$|curl |export |[A-Z]+=)/;

/** The first of the lines that is not found, in order, in what was printed; undefined when all are. */
export function firstMissing(expected: readonly string[], printed: string): string | undefined {
  const lines = printed.split('\n');
  let from = 0;
  return expected.find((wanted) => {
    const found = lines.findIndex((line, index) => index >= from && patternOf(wanted).test(squeeze(line)));
    from = found + 1;
    return found === -1;
  });
}

/** A command with each `…` filled in from the last line that was printed and looks like it. @throws when none does. */
export function filledIn(text: string, printed: string): string {
  if (!text.includes('…')) return text;
  const found = printed
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map(squeeze)
    .findLast((line) => patternOf(text).test(line));
  if (found === undefined) throw new Error(`nothing that was printed before fills in ${text}`);
  return found;
}

function patternOf(line: string): RegExp {
  return new RegExp(
    `^${squeeze(line)
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll('…', '.*')}$`,
  );
}

/** Columns are as wide as what is in them: any space is one. */
function squeeze(line: string): string {
  return line.trim().replace(/\s+/g, ' ');
}
