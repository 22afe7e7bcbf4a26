/**
 * The backup's cryptography, the same in wallets/client/sealing.py.
 *
 * When a wallet is made, so is a recovery key pair (ECDH, P-256). Its private half is encrypted
 * under the person's passphrase (PBKDF2, AES-256-GCM) and forgotten: that is the lock. Whatever
 * goes into a backup is sealed to its public half (ephemeral ECDH, HKDF, AES-256-GCM). So a wallet
 * can add to its backup at any time, and not even its own code can open it again without the
 * passphrase.
 */

import { base64, fromBase64, fromUtf8, utf8 } from "./bytes.js";
import { WalletError } from "./errors.js";

export const ITERATIONS = 600_000;
const MOST_ITERATIONS = 10_000_000; // a file from elsewhere must not keep the page busy for hours
export const SHORTEST_PASSPHRASE = 10;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const PURPOSE = "countersign wallet backup 1";
// Without letters that look like others; 26 of them hold 128 bits.
const ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const CODE_LETTERS = 26;

/** A recovery code such as 7K2M-9QXA-...: 130 random bits. */
export function recoveryCode() {
  const random = crypto.getRandomValues(new Uint8Array(CODE_LETTERS));
  const letters = Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
  return letters.match(/.{1,4}/g).join("-");
}

/** What is derived from: a code however it was typed, any other passphrase as it is (NFC). */
function normalised(passphrase) {
  const letters = passphrase.toUpperCase().replace(/[\s-]/g, "");
  const isCode = letters.length === CODE_LETTERS && [...letters].every((c) => ALPHABET.includes(c));
  return isCode ? letters : passphrase.normalize("NFC");
}

/** Make a recovery key pair; return {lock, recovery}: what opens it, and its public half. */
export async function newLock(passphrase) {
  const pair = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await passphraseKey(passphrase, salt, ITERATIONS, "encrypt");
  const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const sealed = await crypto.subtle.encrypt(aes(iv, "lock"), key, secret);
  secret.fill(0);
  const spki = base64(await crypto.subtle.exportKey("spki", pair.publicKey));
  const lock = {
    KDF: "PBKDF2-SHA256",
    Iterations: ITERATIONS,
    Salt: base64(salt),
    IV: base64(iv),
    Key: base64(sealed),
    PublicKey: spki,
  };
  return { lock, recovery: await recoveryKey(lock) };
}

/** The public half of a lock, as a CryptoKey. */
export const recoveryKey = (lock) =>
  crypto.subtle.importKey("spki", fromBase64(lock.PublicKey), CURVE, false, []);

/** The private half of a lock. Throws WalletError "passphrase" or "backup". */
export async function openLock(lock, passphrase) {
  const rounds = lock?.Iterations;
  if (lock?.KDF !== "PBKDF2-SHA256" || !Number.isInteger(rounds) || rounds > MOST_ITERATIONS) {
    throw new WalletError("backup", "this backup is locked in an unknown way");
  }
  const key = await passphraseKey(passphrase, fromBase64(lock.Salt), rounds, "decrypt");
  let secret;
  try {
    secret = await crypto.subtle.decrypt(aes(fromBase64(lock.IV), "lock"), key, fromBase64(lock.Key));
  } catch {
    throw new WalletError("passphrase", "the passphrase is wrong");
  }
  return crypto.subtle.importKey("pkcs8", secret, CURVE, false, ["deriveBits"]);
}

async function passphraseKey(passphrase, salt, iterations, use) {
  const bytes = utf8(normalised(passphrase));
  const base = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, [use]);
}

/** Seal bytes to a recovery key; `name` says what they are and must be named to open them. */
export async function seal(recovery, bytes, name) {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await sharedKey(pair.privateKey, recovery, point, "encrypt");
  const data = await crypto.subtle.encrypt(aes(iv, name), key, bytes);
  return { Point: base64(point), IV: base64(iv), Data: base64(data) };
}

/** The bytes that were sealed under `name`. Throws WalletError "backup". */
export async function unseal(secret, sealed, name) {
  try {
    const point = fromBase64(sealed.Point, 65);
    const theirs = await crypto.subtle.importKey("raw", point, CURVE, false, []);
    const key = await sharedKey(secret, theirs, point, "decrypt");
    const data = fromBase64(sealed.Data);
    return new Uint8Array(await crypto.subtle.decrypt(aes(fromBase64(sealed.IV), name), key, data));
  } catch {
    throw new WalletError("backup", "the backup is damaged");
  }
}

async function sharedKey(ours, theirs, point, use) {
  const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours, 256);
  const base = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: point, info: utf8(PURPOSE) };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, [use]);
}

const aes = (iv, name) => ({ name: "AES-GCM", iv, additionalData: utf8(`${PURPOSE} ${name}`) });

/** Seal a JSON value. */
export const sealJson = (recovery, value, name) => seal(recovery, utf8(JSON.stringify(value)), name);

/** The JSON value that was sealed. Throws WalletError "backup". */
export async function unsealJson(secret, sealed, name) {
  try {
    return JSON.parse(fromUtf8(await unseal(secret, sealed, name)));
  } catch (error) {
    throw error instanceof WalletError ? error : new WalletError("backup", "the backup is damaged");
  }
}
