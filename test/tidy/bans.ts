import ts from 'typescript';
import { importsOf } from './imports.ts';
import { ban, type Finding } from './rule.ts';
import { isTest, lineAt, type Source, walk } from './workspace.ts';

/** Where real time and chance have their home, and tools and benchmarks, which measure. */
const realTime = /^(libs\/base|libs\/testing|tools)\/|(^|\/)bench\//;
const timers = new Set(['setTimeout', 'setInterval']);
const clocks = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout']);
/** A test may say how long something took. */
const stopwatches = new Set(['performance.now', 'process.hrtime']);

export const timeAndChance = ban(
  'real time or chance',
  'take a Clock or a Random of @keelson/base as an argument; a test waits with eventually() of @keelson/testing or advances a SimulatedClock',
  ({ sources }) => sources.filter(({ path }) => !realTime.test(path)).flatMap(timeAndChanceIn),
);

function timeAndChanceIn(file: Source): Finding[] {
  const findings = importsOf(file)
    .filter(({ specifier }) => /^node:timers/.test(specifier))
    .map(({ specifier, line }) => ({ path: file.path, line, what: `imports ${specifier}` }));
  walk(file, (node) => {
    const what = realTimeUse(node);
    if (what === undefined || (stopwatches.has(what) && isTest(file.path))) return;
    findings.push({ path: file.path, line: lineAt(file, node.getStart(file.ast)), what });
  });
  return findings;
}

function realTimeUse(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node)) return node.expression.getText() === 'Date' && !node.arguments?.length ? 'new Date()' : undefined;
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText().replace(/^globalThis\./, '');
    return clocks.has(text) || stopwatches.has(text) || timers.has(text) ? text : undefined;
  }
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && timers.has(node.expression.text)
    ? node.expression.text
    : undefined;
}

export const anyType = ban('any', 'use the type, or unknown and a check that narrows it', ({ sources }) =>
  sources.flatMap((file) => {
    const findings: Finding[] = [];
    walk(file, (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword)
        findings.push({ path: file.path, line: lineAt(file, node.getStart(file.ast)), what: 'any' });
    });
    return findings;
  }),
);

export const vagueFolders = ban(
  'folders called utils, common, helpers or shared',
  'name the folder after what it knows; code of one user lives with it, code of two moves to the library whose subject it is',
  ({ folders }) =>
    folders.filter((path) => /(^|\/)(utils?|common|helpers?|shared)$/.test(path)).map((path) => ({ path, line: 0, what: 'says nothing' })),
);

export const looseEnds = ban('TODO without an issue', 'do it now, or open an issue and write TODO #number', ({ sources }) =>
  sources.flatMap((file) =>
    comments(file)
      .filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(?#\d)/.test(text))
      .map(({ text, line }) => ({ path: file.path, line, what: text.trim() })),
  ),
);

/** A whole statement, or the opening or closing line of one: prose hardly ends so. */
const code = /^\s*(\}|(import|export|const|let|return|await|if|for|while|throw|function)\b.*[;{]|[\w.]+(\(.*\)| = .*);)\s*$/;

export const deadCode = ban('code in comments', 'delete it: git remembers', ({ sources }) =>
  sources.flatMap((file) =>
    comments(file)
      .filter(({ text, doc }) => !doc && text.split('\n').some((line) => code.test(line)))
      .map(({ text, line }) => ({ path: file.path, line, what: text.trim() })),
  ),
);

interface Comment {
  /** Without its marks. */
  readonly text: string;
  readonly line: number;
  /** A doc comment, whose examples are code. */
  readonly doc: boolean;
}

function comments(file: Source): Comment[] {
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.JSDoc) return;
    for (const range of ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? []) ranges.set(range.pos, range);
    for (const range of ts.getTrailingCommentRanges(file.text, node.getEnd()) ?? []) ranges.set(range.pos, range);
    node.getChildren(file.ast).forEach(visit);
  };
  visit(file.ast);
  return [...ranges.values()].map(({ pos, end }) => {
    const raw = file.text.slice(pos, end);
    const text = raw.replace(/^\/\*+|\*\/$/g, '').replace(/^\s*(\*|\/\/)/gm, '');
    return { text, line: lineAt(file, pos), doc: raw.startsWith('/**') };
  });
}

const topLevel = [
  ...['apiserver', 'scheduler', 'controller-manager', 'kubelet', 'kube-proxy', 'kubectl', 'libs', 'deploy', 'test'],
  ...['docs', 'examples', 'tools'],
];

export const layout = ban('other folders at the top, or missing ones', 'ARCHITECTURE.md says where things live', ({ folders }) => {
  const present = folders.filter((path) => !path.includes('/'));
  return [
    ...present.filter((path) => !topLevel.includes(path)).map((path) => ({ path, line: 0, what: 'is not in the layout' })),
    ...topLevel.filter((path) => !present.includes(path)).map((path) => ({ path, line: 0, what: 'is missing' })),
  ];
});
