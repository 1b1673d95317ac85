"""Executes a compiled function for all values of its inputs at once.

What it finds is one `Path` for each way that the instructions can take: the condition on the inputs under which it is
taken, what the function returned, and what lies in memory then.
"""

import logging

# It says at once that it has no unicorn, which is for concrete values only.
logging.getLogger("angr.state_plugins.unicorn_engine").setLevel(logging.CRITICAL)

import angr
import claripy

for name in ("angr", "cle", "claripy"):
    logging.getLogger(name).setLevel(logging.ERROR)

# Where the function's memory is put: not aligned to anything, and far apart.
REGIONS = [0x7100_0001 + 0x1_0000 * i for i in range(4)]
RETURN = 0x7F00_0000
# What nobody wrote may be anything. The solver without a cache is the faster one here.
OPTIONS = {
    angr.options.SYMBOL_FILL_UNCONSTRAINED_MEMORY,
    angr.options.SYMBOL_FILL_UNCONSTRAINED_REGISTERS,
    angr.options.CACHELESS_SOLVER,
}
# Bytes on either side of each region that must stay as they are.
GUARD = 64


class Machine:
    def __init__(self, library):
        # Without libc: its memcpy and the like are taken for what the C standard says they are.
        self.project = angr.Project(library, auto_load_libs=False)

    def paths(self, function, *arguments, assume=()):
        """Runs `function`. An argument is a number, a bit-vector of 64 bits, or a list of bytes (bit-vectors of 8 bits or
        numbers): memory with these, and the address of it."""
        state, regions = self._call(function, arguments)
        state.add_constraints(*assume)
        manager = self.project.factory.simulation_manager(state, save_unsat=False)
        manager.run(until=lambda manager: not manager.active, step_func=_collect)
        for stash in ("errored", "unconstrained", "deadended"):
            if getattr(manager, stash):
                raise RuntimeError(f"{function}: {stash}: {getattr(manager, stash)}")
        return [Path(end, regions) for end in manager.returned]

    def _call(self, function, arguments):
        regions, values = [], []
        for argument in arguments:
            if isinstance(argument, list):
                address = REGIONS[len(regions)]
                regions.append((address, len(argument)))
                values.append(address)
            else:
                values.append(argument)
        address = self.project.loader.find_symbol(function).rebased_addr
        state = self.project.factory.call_state(
            address, *values, ret_addr=RETURN, prototype=_prototype(len(values)),
            add_options=OPTIONS, remove_options={angr.options.COMPOSITE_SOLVER},
        )
        contents = (argument for argument in arguments if isinstance(argument, list))
        for (address, length), content in zip(regions, contents):
            state.memory.store(address - GUARD, bytes(GUARD))
            state.memory.store(address + length, bytes(GUARD))
            for offset, byte in enumerate(content):
                state.memory.store(address + offset, claripy.BVV(byte, 8) if isinstance(byte, int) else byte)
        return state, regions


class Path:
    def __init__(self, state, regions):
        self.conditions = list(state.solver.constraints)
        self.result = state.regs.rax
        self.memory = [_bytes(state, address, length) for address, length in regions]
        self.guards = [
            byte
            for address, length in regions
            for start in (address - GUARD, address + length)
            for byte in _bytes(state, start, GUARD)
        ]


def _bytes(state, address, length):
    return [state.memory.load(address + offset, 1) for offset in range(length)]


def _collect(manager):
    manager.move("active", "returned", lambda state: state.addr == RETURN)
    return manager


def _prototype(count):
    word = angr.types.SimTypeLongLong(signed=False)
    return angr.types.SimTypeFunction([word] * count, word)
