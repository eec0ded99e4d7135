import type { Chain, Container, Table } from './types.ts';

/** Reads what `nft -y -p list table` prints. Sets and maps of rules' own, which have no names, are part of their rules. */
export function parseListing(text: string): Table {
  const chains = new Map<string, Chain>();
  const containers = new Map<string, Container>();
  for (const { kind, name, lines } of blocks(text)) {
    if (kind === 'chain') chains.set(name, chainOf(lines));
    else containers.set(name, containerOf(kind, lines));
  }
  return { chains, containers };
}

interface Block {
  readonly kind: 'chain' | 'set' | 'map';
  readonly name: string;
  readonly lines: readonly string[];
}

function* blocks(text: string): Generator<Block> {
  let open: { kind: Block['kind']; name: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const [, kind, name] = open ? [] : (/^\t(chain|set|map) (\S+) \{$/.exec(line) ?? []);
    if (kind && name) open = { kind: kind as Block['kind'], name, lines: [] };
    else if (line !== '\t}') open?.lines.push(line.trim());
    else if (open) {
      yield open;
      open = undefined;
    }
  }
}

function chainOf(lines: readonly string[]): Chain {
  const isHook = (line: string): boolean => line.startsWith('type ') && line.includes(' hook ');
  return { hook: lines.find(isHook), rules: lines.filter((line) => !isHook(line) && !line.startsWith('comment ')) };
}

function containerOf(kind: Container['kind'], lines: readonly string[]): Container {
  const after = (word: string): string | undefined => lines.find((line) => line.startsWith(word))?.slice(word.length);
  const timeout = after('timeout ');
  return {
    kind,
    type: after('type ') ?? '',
    timeout: timeout === undefined ? undefined : secondsOf(timeout),
    elements: timeout === undefined ? elementsOf(lines) : new Map(),
  };
}

function elementsOf(lines: readonly string[]): Map<string, string> {
  const first = lines.findIndex((line) => line.startsWith('elements = {'));
  if (first < 0) return new Map();
  const list = lines.slice(first).join(' ').slice('elements = {'.length).replace(/\}$/, '');
  return new Map(list.split(',').map((element) => splitElement(element.trim())));
}

/** The key, and what follows it. */
function splitElement(text: string): [string, string] {
  const end = text.search(/ (comment|:) /);
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)];
}

const unitSeconds: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };

/** `1d3h5m2s` */
function secondsOf(text: string): number {
  return [...text.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ''] ?? 0), 0);
}
