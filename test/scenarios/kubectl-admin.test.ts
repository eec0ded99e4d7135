import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { type KubectlServer, startKubectlServer } from './kubectl-harness.ts';

let server: KubectlServer;
const folder = mkdtempSync(join(tmpdir(), 'kubectl-admin-'));
before(async () => {
  server = await startKubectlServer();
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('autoscale makes an autoscaler of what is asked for', async () => {
  const { ok, kubectl } = server;
  await ok('create deployment web --image=a');
  assert.equal(await ok('autoscale deployment web --max=5 --cpu=70% --memory=200'), 'horizontalpodautoscaler.autoscaling/web autoscaled\n');
  const { spec } = JSON.parse(await ok('get hpa web -o json')) as { spec: { metrics: { resource: object }[]; maxReplicas: number } };
  assert.deepEqual(
    spec.metrics.map(({ resource }) => resource),
    [
      { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
      { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } },
    ],
  );
  const old = await kubectl('autoscale deploy/web --max=3 --min=2 --cpu-percent=80 --name=other');
  assert.equal(old.stdout, 'horizontalpodautoscaler.autoscaling/other autoscaled\n');
  assert.match(old.stderr, /^Flag --cpu-percent has been deprecated, Use --cpu /);
  const refused: [string, string][] = [
    ['autoscale deployment web', 'error: required flag(s) "max" not set\n'],
    ['autoscale deployment web --max=0', 'error: --max=MAXPODS is required and must be at least 1, max: 0\n'],
    ['autoscale deployment web --max=1 --min=2', 'error: --max=MAXPODS must be larger or equal to --min=MINPODS, max: 1, min: 2\n'],
    [
      'autoscale svc kubernetes --max=1',
      'error: cannot autoscale a Service: could not find scale subresource for /v1, Resource=services in discovery information\n',
    ],
  ];
  for (const [line, stderr] of refused) assert.deepEqual(await kubectl(line), { code: 1, stdout: '', stderr });
});

const request = `-----BEGIN CERTIFICATE REQUEST-----
MIHDMGsCAQAwCTEHMAUGA1UEAwwAMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
-----END CERTIFICATE REQUEST-----
`;

async function createRequest(name: string): Promise<void> {
  const { generateKeyPairSync } = await import('node:crypto');
  const { createCertificateRequest } = await import('@keelson/pki').then(
    (pki) => pki as unknown as { createCertificateRequest?: (...args: unknown[]) => Promise<string> },
  );
  void generateKeyPairSync;
  void createCertificateRequest;
  void name;
  void request;
}
void createRequest;
