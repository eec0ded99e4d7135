import type { LineCounter, YAMLError } from 'yaml';

/** libyaml's words for the parser's complaint. */
const problems: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_SCALAR_START: 'found character that cannot start any token',
  BAD_DIRECTIVE: 'found unknown directive name',
  BAD_INDENT: 'did not find expected key',
  UNEXPECTED_TOKEN: 'did not find expected key',
  BAD_DQ_ESCAPE: 'found unknown escape character',
};

/** The same by what is said, where one code stands for several. */
const told: readonly (readonly [said: RegExp, problem: string])[] = [
  [/block-seq-ind on same line/, 'block sequence entries are not allowed in this context'],
  [/doc-start indicator/, 'did not find expected <document start>'],
  [/Sequence item without -/, "did not find expected '-' indicator"],
  [/need to be followed by map values/, "could not find expected ':'"],
  [/quote/, 'found unexpected end of stream'],
];

/** What is wrong with a document, in go-yaml's words, and on which line. */
export function yamlFault(errors: readonly YAMLError[], lines: LineCounter, text: string): string {
  const [error, next] = errors as readonly [YAMLError, ...YAMLError[]];
  const key = error.code === 'MULTILINE_IMPLICIT_KEY' ? error : next?.code === 'MULTILINE_IMPLICIT_KEY' ? next : undefined;
  // A key over several lines is noticed at the colon after it.
  const { line } = lines.linePos(key ? key.pos[1] : error.pos[0]);
  const problem = key?.pos[0] === 0 ? (problems.BLOCK_AS_IMPLICIT_KEY ?? '') : problemOf(error, text);
  return where(problem, line) + problem;
}

/** The scanner counts lines from 1, the parser from 0, and neither tells of the first. */
function where(problem: string, line: number): string {
  if (line === 1 || problem.startsWith('!!binary')) return '';
  return `line ${problem.startsWith('did not find') ? line - 1 : line}: `;
}

function problemOf({ code, message, pos }: YAMLError, text: string): string {
  const bracket = code === 'MISSING_CHAR' || code === 'BAD_INDENT' ? /[\]}]/.exec(message)?.[0] : undefined;
  // Of a list or map that the text ends in: what is missed is its next member, where one must follow.
  const follows = /[[{,]\s*$/.test(text) && text.slice(pos[0]).trim() === '';
  if (bracket) return follows ? 'did not find expected node content' : `did not find expected ',' or '${bracket}'`;
  return told.find(([said]) => said.test(message))?.[1] ?? problems[code] ?? message;
}
