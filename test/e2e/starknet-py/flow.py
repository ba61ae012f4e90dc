"""Connects, reads a balance, transfers, declares, deploys and calls, with starknet.py as it comes.

Reads one JSON object from standard input: rpc, address, private_key, recipient, token, sierra, compiled_class_hash.
Writes one to standard output: what it saw.
"""

import asyncio
import json
import sys

from starknet_py.contract import Contract
from starknet_py.hash.selector import get_selector_from_name
from starknet_py.net.account.account import Account
from starknet_py.net.client_models import Call
from starknet_py.net.full_node_client import FullNodeClient
from starknet_py.net.signer.key_pair import KeyPair

CHECK_INTERVAL = 0.2


async def balance_of(client: FullNodeClient, token: str, account: str) -> int:
    call = Call(int(token, 16), get_selector_from_name("balance_of"), [int(account, 16)])
    low, high = await client.call_contract(call, block_number="latest")
    return low + (high << 128)


async def flow(given: dict) -> dict:
    client = FullNodeClient(node_url=given["rpc"])
    account = Account(
        address=given["address"],
        client=client,
        key_pair=KeyPair.from_private_key(int(given["private_key"], 16)),
        chain=int(await client.get_chain_id(), 16),
    )
    token, recipient = given["token"], given["recipient"]
    before = await balance_of(client, token, recipient)

    transfer = Call(int(token, 16), get_selector_from_name("transfer"), [int(recipient, 16), 12345, 0])
    sent = await account.execute_v3(transfer, auto_estimate=True)
    receipt = await client.wait_for_tx(sent.transaction_hash, check_interval=CHECK_INTERVAL)
    received = await balance_of(client, token, recipient) - before

    declared = await Contract.declare_v3(
        account,
        compiled_contract=given["sierra"],
        compiled_class_hash=int(given["compiled_class_hash"], 16),
        auto_estimate=True,
    )
    await declared.wait_for_acceptance(check_interval=CHECK_INTERVAL)
    deployed = await declared.deploy_v3(constructor_args=[7], auto_estimate=True)
    await deployed.wait_for_acceptance(check_interval=CHECK_INTERVAL)
    counter = deployed.deployed_contract
    increased = await counter.functions["increase"].invoke_v3(5, auto_estimate=True)
    await increased.wait_for_acceptance(check_interval=CHECK_INTERVAL)
    (value,) = await counter.functions["get"].call()

    events = await client.get_events(address=counter.address, from_block_number=0, chunk_size=10)
    return {
        "chain": await client.get_chain_id(),
        "spec": await client.spec_version(),
        "status": receipt.execution_status.value,
        "received": received,
        "class_hash": hex(declared.class_hash),
        "address": hex(counter.address),
        "value": value,
        "events": len(events.events),
    }


print(json.dumps(asyncio.run(flow(json.load(sys.stdin)))))
