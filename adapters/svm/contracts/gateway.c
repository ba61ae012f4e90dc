/*
 * Lockstep in an SVM tenant: which bundle is executed now, and the messages between programs within it. Only the runtime
 * writes the first part of its state account, without a transaction, and puts messages into its inbox.
 *
 * Instructions (integers big-endian), with the state account first:
 *     0 ‖ id 32                                                requireBundle
 *     1 ‖ destination u32 ‖ recipient 32 ‖ index u32 ‖ body    sendSync; the sender signs
 *     2 ‖ origin u32 ‖ sender 32 ‖ index u32                   consume; the recipient signs, the state is writable
 *     3 ‖ sponsor 32 ‖ lamports u64                            deposit; the payer signs, behind it the system program
 *
 * That the signers of sendSync and consume are program addresses is seen to by the executor, which reads both from the
 * transaction's instructions. The state: id 32 ‖ sixteen places, each used u8 ‖ length u8 pair ‖ key 72 ‖ body 256, in 336 bytes.
 */
#include "sbf.h"

#define MOST_ACCOUNTS 3
#define PLACES 16
#define PLACE_BYTES 336
#define LENGTH_AT 1
#define KEY_AT 8
#define MESSAGE_KEY_BYTES 72
#define BODY_AT 80
#define MOST_BODY_BYTES 256
#define STATE_BYTES (KEY_BYTES + PLACES * PLACE_BYTES)

/* Custom errors. */
enum { UNKNOWN_INSTRUCTION = 1, WRONG_ACCOUNTS, NOT_IN_BUNDLE, NOT_SIGNED, BODY_TOO_LONG, NO_MESSAGE };

INLINE int is_state(const account_t *account, const u8 *program) {
    /* "Lockstep state" in ASCII, zeros behind it. */
    const u64 *key = (const u64 *)account->key;
    if (key[0] != 0x706574736b636f4cULL || key[1] != 0x657461747320ULL || key[2] != 0 || key[3] != 0) return 0;
    return account->size == STATE_BYTES && same(account->owner, program, KEY_BYTES);
}

INLINE int is_in_bundle(const u8 *state) {
    const u64 *id = (const u64 *)state;
    return (id[0] | id[1] | id[2] | id[3]) != 0;
}

INLINE u64 require_bundle(const account_t *accounts, const input_t *input) {
    if (input->size != 1 + KEY_BYTES) return UNKNOWN_INSTRUCTION;
    const u8 *state = accounts[0].data;
    return is_in_bundle(state) && same(state, input->data + 1, KEY_BYTES) ? 0 : NOT_IN_BUNDLE;
}

INLINE u64 send_sync(const account_t *accounts, const input_t *input) {
    if (input->size < 1 + 40) return UNKNOWN_INSTRUCTION;
    if (input->count < 2 || !accounts[1].is_signer) return NOT_SIGNED;
    if (!is_in_bundle(accounts[0].data)) return NOT_IN_BUNDLE;
    return input->size - 41 > MOST_BODY_BYTES ? BODY_TOO_LONG : 0;
}

/* The message's place is empty afterwards, and its body the return data. */
INLINE u64 consume(const account_t *accounts, const input_t *input) {
    if (input->size != 1 + 40) return UNKNOWN_INSTRUCTION;
    if (input->count < 2 || !accounts[1].is_signer) return NOT_SIGNED;
    if (!accounts[0].is_writable) return WRONG_ACCOUNTS;
    u8 key[MESSAGE_KEY_BYTES];
    sol_memcpy_(key, input->data + 1, 36);
    sol_memcpy_(key + 36, accounts[1].key, KEY_BYTES);
    sol_memcpy_(key + 68, input->data + 37, 4);
    for (u64 i = 0; i < PLACES; i++) {
        u8 *place = accounts[0].data + KEY_BYTES + i * PLACE_BYTES;
        if (place[0] == 0 || !same(place + KEY_AT, key, MESSAGE_KEY_BYTES)) continue;
        sol_set_return_data(place + BODY_AT, (u64)place[LENGTH_AT] * 256 + place[LENGTH_AT + 1]);
        sol_memset_(place, 0, PLACE_BYTES);
        return 0;
    }
    return NO_MESSAGE;
}

/* Keeps the lamports for a sponsor of bundles, which pays with them for what its undone bundles used here. */
INLINE u64 deposit(const account_t *accounts, const input_t *input) {
    if (input->size != 1 + KEY_BYTES + 8) return UNKNOWN_INSTRUCTION;
    if (input->count < 3 || !accounts[0].is_writable) return WRONG_ACCOUNTS;
    if (!accounts[1].is_signer) return NOT_SIGNED;
    const u64 *system = (const u64 *)accounts[2].key;
    if ((system[0] | system[1] | system[2] | system[3]) != 0) return WRONG_ACCOUNTS;
    u64 lamports = read_u64_be(input->data + 1 + KEY_BYTES);
    return transfer(accounts, 3, accounts[1].key, accounts[0].key, accounts[2].key, lamports);
}

u64 entrypoint(const u8 *at) {
    account_t accounts[MOST_ACCOUNTS];
    input_t input;
    if (!read_input(at, accounts, MOST_ACCOUNTS, &input)) return WRONG_ACCOUNTS;
    if (input.count < 1 || !is_state(&accounts[0], input.program)) return WRONG_ACCOUNTS;
    if (input.size < 1) return UNKNOWN_INSTRUCTION;
    switch (input.data[0]) {
    case 0:
        return require_bundle(accounts, &input);
    case 1:
        return send_sync(accounts, &input);
    case 2:
        return consume(accounts, &input);
    case 3:
        return deposit(accounts, &input);
    default:
        return UNKNOWN_INSTRUCTION;
    }
}
