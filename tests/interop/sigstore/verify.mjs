// node verify.mjs BUNDLE PUBLIC_KEY DIGEST
// Exit 0 when the bundle is signed by the key and its statement is about the digest.

import { readFileSync } from 'node:fs';
import { createHash, createPublicKey } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [bundlePath, keyPath, digest] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, 'utf8')));

const trusted = { publicKey: createPublicKey(readFileSync(keyPath)), validFor: () => true };
// The log of a bundle that is in one signs with the same key, as RFC 6962 names it by that key.
const der = trusted.publicKey.export({ type: 'spki', format: 'der' });
const tlogs = [
  {
    publicKey: trusted.publicKey,
    baseURL: 'idp/development',
    logID: createHash('sha256').update(der).digest(),
    validFor: { start: new Date(0), end: new Date(8.64e15) },
  },
];
const logged = bundle.verificationMaterial.tlogEntries.length;
const root = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
const material = { ...toTrustMaterial(root, () => trusted), tlogs };
const thresholds = { tlogThreshold: logged, ctlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 };
new Verifier(material, thresholds).verify(toSignedEntity(bundle));

const envelope = bundle.content.dsseEnvelope;
if (envelope.payloadType !== 'application/vnd.in-toto+json') throw new Error('not a statement');
const statement = JSON.parse(envelope.payload.toString('utf8'));
const subjects = statement.subject.map((subject) => `sha256:${subject.digest.sha256}`);
if (!subjects.includes(digest)) throw new Error(`statement is about ${subjects}, not ${digest}`);
