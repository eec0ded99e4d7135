import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiserver } from '@keelson/apiserver';
import { type Component, inertFlags, type OptionSpecs, parseFlags } from '@keelson/component';
import { component as controllerManager } from '@keelson/controller-manager';
import { component as kubeProxy } from '@keelson/kube-proxy';
import { component as kubelet } from '@keelson/kubelet';
import { component as scheduler } from '@keelson/scheduler';

interface Flag {
  readonly name: string;
  readonly switch: boolean;
}

/** By the name in brackets. */
const sections = readSections(readFileSync(join(import.meta.dirname, 'flags.txt'), 'utf8'));

function readSections(text: string): Map<string, Flag[]> {
  const found = new Map<string, Flag[]>();
  let at: Flag[] = [];
  for (const line of text.split('\n')) {
    const [, name, groups] = /^\[(\S+)\](.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      at = words(groups ?? '').flatMap((group) => found.get(group) ?? []);
      found.set(name, at);
    } else if (!line.startsWith('#')) at.push(...words(line).map((word) => ({ name: word.replace('?', ''), switch: word.endsWith('?') })));
  }
  return found;
}

function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

/** What a program says of a flag that upstream takes, or undefined. */
function fault({ options, inert }: Pick<Component<OptionSpecs>, 'options' | 'inert'>, flag: Flag): string | undefined {
  const forms = flag.switch ? [[`--${flag.name}`], [`--${flag.name}=false`]] : [[`--${flag.name}=1`], [`--${flag.name}`, '1']];
  for (const form of forms) {
    const parsed = parseFlags(options, [...form, '--kubeconfig-of-a-test=x'], {
      ...inertFlags(inert),
      values: [...inertFlags(inert).values, 'kubeconfig-of-a-test'],
    });
    if ('message' in parsed) return `${form.join(' ')}: ${parsed.message}`;
    if (!parsed.ineffective.includes('kubeconfig-of-a-test')) return `${form.join(' ')}: takes what follows as its value`;
  }
  return undefined;
}

for (const program of [apiserver, controllerManager, scheduler, kubelet, kubeProxy] as readonly Component<OptionSpecs>[])
  test(`every flag of upstream's ${program.name} is taken, alone or with a value as upstream takes it`, () => {
    const flags = sections.get(program.name) ?? [];
    assert.ok(flags.length > 50);
    assert.deepEqual(
      flags.flatMap((flag) => fault(program, flag) ?? []),
      [],
    );
  });
