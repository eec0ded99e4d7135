import { spawn } from 'node:child_process';
import { createServer } from 'node:https';
import { systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import type { Machine } from './lab.ts';

/**
 * Starts a server on the machine that says word for word what the cluster says of itself, and answers with a certificate of an authority
 * of its own.
 */
export async function impostorOn(machine: Machine, clusterInfo: string): Promise<{ readonly endpoint: string; stop(): void }> {
  const child = spawn('nsenter', [`--net=/run/netns/${machine.netns}`, process.execPath, import.meta.filename, machine.address], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(clusterInfo);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { endpoint: `${machine.address}:7443`, stop: () => void child.kill() };
}

if (import.meta.main) {
  const address = process.argv[2] ?? '';
  const ca = await createCA({ commonName: 'kubernetes', days: 1, clock: systemClock });
  const { certPem, keyPem } = await issue({ commonName: 'x', ips: [address], usages: ['server'], days: 1, clock: systemClock, ca });
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const server = createServer({ cert: certPem, key: keyPem }, (_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(Buffer.concat(chunks));
  });
  server.listen(7443, address, () => process.stdout.write('listening\n'));
}
