// node sign.mjs HUB TOKEN STATEMENT: prints a bundle that a certificate signs, with a time stamp.

import { readFileSync } from 'node:fs';
import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, FulcioSigner, TSAWitness } from '@sigstore/sign';

const [hub, token, statement] = process.argv.slice(2);
const signer = new FulcioSigner({
  fulcioBaseURL: `${hub}/signing`,
  identityProvider: { getToken: async () => token },
});
const witnesses = [new TSAWitness({ tsaBaseURL: `${hub}/signing/timestamp` })];
const builder = new DSSEBundleBuilder({ signer, witnesses });
const artifact = { data: readFileSync(statement), type: 'application/vnd.in-toto+json' };
process.stdout.write(JSON.stringify(bundleToJSON(await builder.create(artifact))));
