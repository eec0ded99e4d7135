import assert from 'node:assert/strict';
import { it } from 'node:test';
import { deletion } from '../conntrack.ts';
import { endpoint, place, service, slice } from '../testdata.ts';
import { staleFlows } from './conntrack.ts';
import { wantedService } from './services.ts';
import type { WantedService } from './types.ts';

function dns(...last: number[]): WantedService | undefined {
  const ports = [{ name: 'p', port: 53, protocol: 'UDP', nodePort: 30053 }];
  return wantedService(
    service('dns', { type: 'NodePort', ports }),
    [
      slice(
        'dns',
        last.map((n) => endpoint(1, n)),
        53,
        'UDP',
      ),
    ],
    place,
  );
}

const commands = (before: WantedService | undefined, after: WantedService | undefined): string[] =>
  staleFlows(before, after).map((flow) => deletion(flow).join(' '));

it('forgets UDP flows to endpoints that are gone', () => {
  assert.deepEqual(commands(dns(1, 2), dns(2)), [
    '-D -p udp --orig-dst 10.96.0.10 --dst-nat 10.244.1.1',
    '-D -p udp --orig-port-dst 30053 --dst-nat 10.244.1.1',
  ]);
  assert.equal(commands(dns(1, 2), undefined).length, 4);
});

it('forgets UDP flows sent nowhere when the first endpoint appears', () => {
  const nowhere = ['-D -p udp --orig-dst 10.96.0.10', '-D -p udp --orig-port-dst 30053'];
  assert.deepEqual(commands(dns(), dns(1)), nowhere);
  assert.deepEqual(commands(undefined, dns(1)), nowhere);
});

it('leaves TCP and unchanged endpoints alone', () => {
  assert.deepEqual(commands(dns(1), dns(1, 2)), []);
  const web = wantedService(service('web'), [slice('web', [endpoint(1, 1)])], place);
  assert.deepEqual(commands(web, undefined), []);
});
