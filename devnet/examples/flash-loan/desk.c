/*
 * Half of a desk that changes ether for SOL and back; the other half is `Desk.sol`, with the price. Its SOL is in a vault,
 * an account of this program that holds `domain u32 ‖ the contract's address in 32 bytes`. For it the program address of
 * the seeds [vault, bump] sends and consumes.
 *
 *     0 ‖ domain u32 ‖ contract 32                      opens a vault, which signs
 *     1 ‖ bump ‖ index u32                              pays lamports that a message says; behind the vault the receiver
 *     2 ‖ bump ‖ index u32 ‖ lamports u64 ‖ address 20  takes lamports for which the contract pays; behind it the seller,
 *                                                       which signs, and the system program
 *
 * Accounts of the last two: the gateway's state, the program address, the gateway, the vault. Integers are big-endian.
 */
#include "sbf.h"

#define MOST_ACCOUNTS 6
#define VAULT_BYTES 36
#define PAID_BYTES 40
#define ADDRESS_BYTES 20
#define SOLD_BYTES (1 + 1 + 4 + 8 + ADDRESS_BYTES)

enum { UNKNOWN_INSTRUCTION = 1, WRONG_ACCOUNTS, NOT_SIGNED, OPENED_BEFORE, WRONG_MESSAGE };

INLINE int is_vault(const account_t *vault, const input_t *input) {
    return vault->size == VAULT_BYTES && same(vault->owner, input->program, KEY_BYTES);
}

INLINE u64 open_vault(const account_t *accounts, const input_t *input) {
    if (input->size != 1 + VAULT_BYTES) return UNKNOWN_INSTRUCTION;
    if (input->count < 1 || !is_vault(&accounts[0], input)) return WRONG_ACCOUNTS;
    if (!accounts[0].is_signer) return NOT_SIGNED;
    for (int i = 0; i < VAULT_BYTES; i++) if (accounts[0].data[i] != 0) return OPENED_BEFORE;
    sol_memcpy_(accounts[0].data, input->data + 1, VAULT_BYTES);
    return 0;
}

/* Calls the gateway as the vault's program address. */
INLINE u64 call_gateway(const account_t *accounts, const input_t *input, const u8 *data, u64 size) {
    meta_t metas[2] = {{accounts[0].key, 1, 0}, {accounts[1].key, 0, 1}};
    instruction_t instruction = {accounts[2].key, metas, 2, data, size};
    bytes_t seeds[2] = {{accounts[3].key, KEY_BYTES}, {input->data + 1, 1}};
    signer_t signer = {seeds, 2};
    return sol_invoke_signed_c(&instruction, accounts, 3, &signer, 1);
}

INLINE u64 pay(const account_t *accounts, const input_t *input) {
    if (input->size != 6 || input->count < 5) return UNKNOWN_INSTRUCTION;
    u8 *vault = accounts[3].data;
    u8 data[41];
    data[0] = 2;
    sol_memcpy_(data + 1, vault, VAULT_BYTES);
    sol_memcpy_(data + 37, input->data + 2, 4);
    u64 error = call_gateway(accounts, input, data, sizeof(data));
    if (error != 0) return error;
    u8 body[PAID_BYTES];
    u8 program[KEY_BYTES];
    if (sol_get_return_data(body, PAID_BYTES, program) != PAID_BYTES) return WRONG_MESSAGE;
    if (!same(body + 8, accounts[4].key, KEY_BYTES)) return WRONG_ACCOUNTS;
    u64 lamports = read_u64_be(body);
    *accounts[3].lamports -= lamports;
    *accounts[4].lamports += lamports;
    return 0;
}

INLINE u64 take(const account_t *accounts, const input_t *input) {
    if (input->size != SOLD_BYTES || input->count < 6) return UNKNOWN_INSTRUCTION;
    if (!accounts[4].is_signer) return NOT_SIGNED;
    const u8 *vault = accounts[3].data;
    const u8 *sold = input->data + 6;
    u64 error = transfer(accounts, 6, accounts[4].key, accounts[3].key, accounts[5].key, read_u64_be(sold));
    if (error != 0) return error;
    u8 data[41 + 8 + ADDRESS_BYTES];
    data[0] = 1;
    sol_memcpy_(data + 1, vault, VAULT_BYTES);
    sol_memcpy_(data + 37, input->data + 2, 4);
    sol_memcpy_(data + 41, sold, 8 + ADDRESS_BYTES);
    return call_gateway(accounts, input, data, sizeof(data));
}

u64 entrypoint(const u8 *at) {
    account_t accounts[MOST_ACCOUNTS];
    input_t input;
    if (!read_input(at, accounts, MOST_ACCOUNTS, &input)) return WRONG_ACCOUNTS;
    if (input.size < 1) return UNKNOWN_INSTRUCTION;
    if (input.data[0] == 0) return open_vault(accounts, &input);
    if (input.count < 4 || !is_vault(&accounts[3], &input)) return WRONG_ACCOUNTS;
    switch (input.data[0]) {
    case 1:
        return pay(accounts, &input);
    case 2:
        return take(accounts, &input);
    default:
        return UNKNOWN_INSTRUCTION;
    }
}
