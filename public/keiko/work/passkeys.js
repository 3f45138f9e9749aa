// Passkeys of this browser: what the server asks for and what it is answered, as JSON.

import { t } from "./kit.js";

const kind = window.PublicKeyCredential;

export const canPasskeys = Boolean(kind?.parseRequestOptionsFromJSON && kind.prototype.toJSON);

const unfinished = () => new Error(t("The passkey was not used. Try again, or use another way.", "Der Passkey wurde nicht benutzt. Versuche es noch einmal oder nimm einen anderen Weg."));

// Have a passkey sign what the server asked.
export async function sign(options) {
  const publicKey = kind.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey }).catch(() => null);
  if (!credential) throw unfinished();
  return credential.toJSON();
}

// Have the browser make a passkey.
export async function make(options) {
  const publicKey = kind.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey }).catch(() => null);
  if (!credential) throw unfinished();
  return credential.toJSON();
}
