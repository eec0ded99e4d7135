import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiserver } from '@keelson/apiserver';
import { type Component, inertFlags, type OptionSpecs, parseFlags, resolveOptions } from '@keelson/component';
import { component as controllerManager } from '@keelson/controller-manager';
import { component as kubeProxy } from '@keelson/kube-proxy';
import { component as kubelet } from '@keelson/kubelet';
import { component as scheduler } from '@keelson/scheduler';

const programs = new Map(
  ([apiserver, controllerManager, scheduler, kubelet, kubeProxy] as readonly Component<OptionSpecs>[]).map((each) => [each.name, each]),
);

interface CommandLine {
  readonly who: string;
  readonly program: string;
  readonly flags: string[];
}

function readCommandLines(text: string): CommandLine[] {
  const lines: CommandLine[] = [];
  for (const line of text.split('\n')) {
    const [, who, program] = /^\[(.+)\] (\S+)$/.exec(line) ?? [];
    if (who !== undefined && program !== undefined) lines.push({ who, program, flags: [] });
    else if (line !== '' && !line.startsWith('#')) lines.at(-1)?.flags.push(...line.split(' '));
  }
  return lines;
}

for (const { who, program, flags } of readCommandLines(readFileSync(join(import.meta.dirname, 'command-lines.txt'), 'utf8')))
  test(`${program} as ${who} starts it`, () => {
    const component = programs.get(program);
    assert.ok(component);
    const parsed = parseFlags(component.options, flags, inertFlags(component.inert));
    assert.ok('flags' in parsed, 'message' in parsed ? parsed.message : '');
    const resolved = resolveOptions(program, component.options, { flags: parsed.flags, env: {} });
    assert.equal(resolved.kind, 'run', resolved.kind === 'invalid' ? resolved.message : '');
  });
