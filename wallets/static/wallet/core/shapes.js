/**
 * The shapes that the core hands to the screens. Documentation only: nothing here runs.
 *
 * All times are protocol times ("2026-01-02T03:04:05.678Z"); all text that came from others has
 * been cleaned of control characters and of marks that turn the direction of writing, and must
 * still be put on the page as text, never as markup. Objects are copies: changing one changes
 * nothing in the wallet.
 *
 * @typedef {object} Identity  the wallet itself, `wallet.identity`
 * @property {string} id         the wallet's id at its broker
 * @property {string} name       what the person calls it; stays in this browser
 * @property {string} language   such as "en-us"
 * @property {string} notifier   domain of the notifier (this site's)
 * @property {string} broker     domain of the broker
 * @property {string} created
 * @property {string|null} backedUp  when the last backup file was made
 *
 * @typedef {object} Chat  `wallet.chats()` newest activity first, `wallet.chat(id)`
 * @property {string} id
 * @property {string} host       domain of who is asking
 * @property {string} title      what the host is called (the domain when nothing better is known)
 * @property {boolean} verified  the host's signed answers have been checked against its domain key
 * @property {string} opened
 * @property {string} touched    when the last line came
 * @property {"OPEN"|"WRAPPED"|"ABANDONED"} state  the host said goodbye; the person has left
 * @property {string} hook       the hook that `openLocator` returned, to find the chat it opened
 * @property {number} waiting    questions of this chat that wait for an answer
 * @property {string} last       the last line's text, for a list
 * @property {Line[]} [lines]    oldest first; only from `wallet.chat(id)`
 *
 * @typedef {object} Line
 * @property {string} id         unique in the chat, stable
 * @property {string} at
 * @property {"prompt"|"note"} kind
 * @property {Prompt} [prompt]   when kind is "prompt"
 * @property {Note} [note]       when kind is "note": the wallet's own words, for texts.js to say
 *
 * @typedef {object} Note
 * @property {"token-saved"|"token-refused"|"token-gone"|"token-removed"} code
 *     saved; refused because it is not what it claims to be (`problem` says why, see Check);
 *     the issuer no longer offers it; the broker asked to let go of it
 * @property {string} token      the token's key ("issuer/token")
 * @property {string} problem    a code of Check.problem, else ""
 *
 * @typedef {object} Prompt
 * @property {string} id
 * @property {string} chat
 * @property {string} sender     domain that says or asks it: the chat's host, or the broker
 * @property {boolean} fromBroker  the person's own broker asks (protocol: the faded face)
 * @property {string} format     INFO TEMP DONE FAIL, or an input format: CONFIRM ONE MANY TEXT
 *     DIGITS QUANTITY AMOUNT OTP STARS TIME DATE ... (docs/prompts.md)
 * @property {string} emoji
 * @property {string} text
 * @property {string} details    may have line breaks
 * @property {{id: string, title: string, locator: string}[]} options
 * @property {string|string[]} default  of MANY a list of ids
 * @property {string} min        MinValue; "" for none
 * @property {string} max        MaxValue; "" for none
 * @property {boolean} nullable  the answer may be empty
 * @property {{key: string, name: string, type: string, pages: number}|null} appendix
 * @property {object} extra      every other field the host sent (plain JSON, not cleaned), by its
 *     name: MinLength, MaxLength, Pattern, Precision, Currency ...
 * @property {string} expires    "" when not known
 * @property {"fetching"|"open"|"answered"|"expired"|"said"} state
 *     its text could not be fetched yet; waits for an answer; has one; nobody asks any more; asks
 *     nothing (status formats)
 * @property {Answer|null} answer
 * @property {Offer|null} offer  when the broker asks whether to keep a token
 *
 * @typedef {object} Answer
 * @property {"OK"|"CANCEL"|"YES"|"NO"} result
 * @property {string|string[]|null} answer  as docs/prompts.md has it for the format
 * @property {string} at
 * @property {"queued"|"sent"|"refused"} state  waits to be sent; the peer has it; it refused it
 *
 * @typedef {object} Offer  what would be saved, before anybody says yes
 * @property {string} key        "issuer/token"
 * @property {string} token
 * @property {string} issuer
 * @property {string} issuerTitle
 * @property {string} schema
 * @property {string} schemaTitle
 * @property {string} title
 * @property {string} starts
 * @property {string} expires    "" when it never does
 * @property {string} until      until when the offer stands
 * @property {Field[]} fields    what is in it, of the document fetched and checked beforehand;
 *     empty while it could not be fetched
 * @property {Check|null} check  of that document; null while it could not be fetched
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {string} value      text; lists and maps as JSON
 *
 * @typedef {object} Check  the result of the check made in this browser (protocol 3.3)
 * @property {boolean} ok
 * @property {""|"structure"|"size"|"other-token"|"other-offer"|"future"|"order"|"not-yet"|
 *     "expired"|"signature"|"no-key"} problem
 * @property {string} message    the same in plain English, with details
 * @property {string} issuer     the domain whose key was used
 * @property {string} selector   which of its keys
 * @property {string} at
 *
 * @typedef {object} Token  `wallet.tokens()` newest first, `wallet.token(key)`
 * @property {string} key        "issuer/token", for links and methods
 * @property {string} token
 * @property {string} issuer
 * @property {string} issuerTitle
 * @property {string} schema
 * @property {string} schemaTitle
 * @property {string} title      the tag, else the broker's title, else the schema's name
 * @property {string} tag        "" for none
 * @property {string} issued
 * @property {string} starts
 * @property {string} expires    "" when it never does
 * @property {string} saved      when it came into this wallet
 * @property {string} chat       the chat it came from; may be gone
 * @property {"valid"|"future"|"expired"|"suspended"|"revoked"|"invalid"} state  what to show
 * @property {"ACTIVE"|"SUSPENDED"|"REVOKED"|"UNKNOWN"} status  the broker's last word
 * @property {string} statusAt   when the broker said so; "" for never
 * @property {boolean} reported  the broker knows that it is kept
 * @property {Field[]} fields    what is in it
 * @property {object} document   the raw signed document
 * @property {Check} check
 *
 * @typedef {object} QR
 * @property {string} link       form A as a link (https://pollyweb.org/go/...)
 * @property {string} status     form A, the status locator
 * @property {string} offline    form B, the whole document ("PWT1:...")
 */

export {};
