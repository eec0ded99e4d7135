import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { systemClock as clock } from '@keelson/base';
import { readText } from '@keelson/client';
import { createCA, issue, subjectOf } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { createKubelets } from './kubelets.ts';

test('kubelets are shown the certificate of the moment', async (t) => {
  const ca = await createCA({ commonName: 'ca', days: 1, clock });
  const certificate = async (commonName: string) => {
    const { certPem: cert, keyPem: key } = await issue({
      ca,
      commonName,
      ips: ['127.0.0.1'],
      usages: ['client', 'server'],
      days: 1,
      clock,
    });
    return { cert, key };
  };
  const nameOf = (socket: TLSSocket): string => subjectOf(socket.getPeerX509Certificate() ?? '').commonName;
  const dialled: string[] = [];
  const kubelet = createServer(
    { ...(await certificate('kubelet')), ca: ca.certPem, requestCert: true },
    ({ socket }, response) => void response.end(nameOf(socket as TLSSocket)),
  );
  kubelet.on('secureConnection', (socket) => dialled.push(nameOf(socket)));
  kubelet.listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  const address = { host: '127.0.0.1', port: (kubelet.address() as AddressInfo).port, node: 'n1' };
  let client = await certificate('first');
  const kubelets = createKubelets({ client: () => client, caData: ca.certPem });
  const ask = async (): Promise<string> => readText(await kubelets.send(address, { method: 'GET', path: '/' }));
  t.after(() => {
    kubelet.close();
    kubelet.closeAllConnections();
  });
  assert.deepEqual([await ask(), await ask()], ['first', 'first']);
  client = await certificate('second');
  assert.equal(await ask(), 'second');
  const socket = await kubelets.dial(address);
  await eventually(() => dialled.join() === 'first,second,second', { message: 'a tunnel shows it, too' });
  socket.destroy();
});
