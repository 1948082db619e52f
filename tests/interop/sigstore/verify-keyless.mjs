// node verify-keyless.mjs BUNDLE AUTHORITIES ISSUER SUBJECT
// Exit 0 when a certificate of the authority for that identity signed the bundle in its life.

import { readFileSync } from 'node:fs';
import { X509Certificate } from '@sigstore/core';
import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [bundlePath, authorities, issuer, subject] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, 'utf8')));
const always = { start: new Date(0), end: new Date(8.64e15) };
const chain = (name) => {
  const pem = readFileSync(`${authorities}/${name}.pem`, 'utf8');
  const certificates = pem.match(/-----BEGIN [^]+?-----END CERTIFICATE-----/g);
  return [{ certChain: certificates.map((one) => X509Certificate.parse(one)), validFor: always }];
};
const root = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
const material = {
  ...toTrustMaterial(root, () => undefined),
  certificateAuthorities: chain('certificates'),
  timestampAuthorities: chain('timestamps'),
};
const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 1, tsaThreshold: 1 };
const policy = { subjectAlternativeName: subject, extensions: { issuer } };
new Verifier(material, thresholds).verify(toSignedEntity(bundle), policy);
