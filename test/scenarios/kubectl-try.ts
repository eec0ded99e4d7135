import { startKubectlServer } from './kubectl-harness.ts';
import { readFileSync } from 'node:fs';
const s = await startKubectlServer();
for (const line of readFileSync(0,'utf8').split('\n').filter(Boolean)) {
  console.log(`$ kubectl ${line}`);
  const argv = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, q, p]) => q ?? p ?? '');
  const r = await s.kubectl(argv);
  process.stdout.write(r.stdout + r.stderr + (r.code ? `[${r.code}]\n` : ''));
}
await s.stop();
process.exit(0);
