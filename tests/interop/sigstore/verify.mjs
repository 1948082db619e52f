// node verify.mjs BUNDLE PUBLIC_KEY DIGEST
// Exit 0 when the bundle is signed by the key and its statement is about the digest.

import { readFileSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [bundlePath, keyPath, digest] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, 'utf8')));

const trusted = { publicKey: createPublicKey(readFileSync(keyPath)), validFor: () => true };
const root = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
const material = toTrustMaterial(root, () => trusted);
const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 };
new Verifier(material, thresholds).verify(toSignedEntity(bundle));

const envelope = bundle.content.dsseEnvelope;
if (envelope.payloadType !== 'application/vnd.in-toto+json') throw new Error('not a statement');
const statement = JSON.parse(envelope.payload.toString('utf8'));
const subjects = statement.subject.map((subject) => `sha256:${subject.digest.sha256}`);
if (!subjects.includes(digest)) throw new Error(`statement is about ${subjects}, not ${digest}`);
