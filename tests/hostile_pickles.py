"""Pickles that do something when they are loaded: each makes the folder or file whose path it is given."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np

Write = Callable[[Path], bytes]

HOSTILE: dict[str, Write] = {}
"""Name to a function from the path of a sentinel to a pickle that makes it; `numpy.load` does."""

BLUNT: dict[str, Write] = {}
"""The same for what `numpy.load` refuses too, or runs with some versions of NumPy or on some machines only."""

ASKS: dict[str, str] = {}
"""Name of a pickle of either kind to what a refusal should say that it asks for."""


def hostile(asks: str, *, live: bool = True) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        (HOSTILE if live else BLUNT)[write.__name__] = write
        ASKS[write.__name__] = asks
        return write

    return keep


def npy(pickled: bytes) -> bytes:
    """An `.npy` file, as `numpy.save` writes it for one object, around a pickle."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }"
    header += b" " * (117 - len(header)) + b"\n"
    return np.lib.format.magic(1, 0) + len(header).to_bytes(2, "little") + header + pickled


def text(value: str) -> bytes:
    """The opcode that puts `value` on the stack."""
    return pickle.BINUNICODE + len(value.encode()).to_bytes(4, "little") + value.encode()


def name(module: str, name: str) -> bytes:
    """The opcodes of protocol 4 that put what is called `name` in `module` on the stack."""
    return text(module) + text(name) + pickle.STACK_GLOBAL


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + pickle.MARK + b"".join(arguments) + pickle.TUPLE + pickle.REDUCE


def whole(body: bytes) -> bytes:
    return pickle.PROTO + b"\4" + body + pickle.STOP


def in_array(body: bytes) -> bytes:
    """A 0-d object array, made as NumPy makes it, that holds what `body` puts on the stack."""
    array = call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), b"K\0\x85", b"C\1b")
    return array + b"(K\1)" + dtype("O8", "|") + b"\x89]" + body + b"atb"


def dtype(code: str, order: str, *, fields: bytes = b"NNN", flags: bytes = b"K\0") -> bytes:
    made = call(name("numpy", "dtype"), text(code), pickle.NEWFALSE, pickle.NEWTRUE)
    return made + b"(K\3" + text(order) + fields + b"J\xff\xff\xff\xffJ\xff\xff\xff\xff" + flags + b"tb"


class _Reduces:
    """Pickled as a call of `os.mkdir`, as any class may ask to be."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.sentinel),)


def mkdir(sentinel: Path) -> bytes:
    return call(name("os", "mkdir"), text(str(sentinel)))


@hostile("posix.mkdir")
def an_object_that_reduces_to_a_call(sentinel: Path) -> bytes:
    return pickle.dumps(_Reduces(sentinel), protocol=2)


@hostile("posix.mkdir")
def the_same_inside_a_dict_of_recordings(sentinel: Path) -> bytes:
    content = {"behavior-0": {"a": {"keypoints": np.zeros((3, 2, 2, 7)), "annotations": _Reduces(sentinel)}}}
    return pickle.dumps(np.array(content, dtype=object), protocol=4)


@hostile("posix.mkdir")
def the_same_as_an_element_of_an_object_array_in_an_object_array(sentinel: Path) -> bytes:
    inner = np.array([1, _Reduces(sentinel)], dtype=object)
    return pickle.dumps(np.array({"annotations": inner}, dtype=object), protocol=5)


@hostile("posix.mkdir")
def a_key_of_a_dict(sentinel: Path) -> bytes:
    return pickle.dumps({_Reduces(sentinel): 0}, protocol=3)


@hostile("os.mkdir")
def a_name_on_the_stack(sentinel: Path) -> bytes:
    return whole(in_array(mkdir(sentinel)))


@hostile("os.mkdir")
def a_name_in_the_memo(sentinel: Path) -> bytes:
    words = text("mkdir") + pickle.MEMOIZE + text("os") + pickle.MEMOIZE
    return whole(words + call(b"h\1h\0" + pickle.STACK_GLOBAL, text(str(sentinel))))


@hostile("os.system")
def text_of_protocol_0(sentinel: Path) -> bytes:
    return f"cos\nsystem\n(S'mkdir {sentinel}'\ntR.".encode()


@hostile("os.system")
def the_opcode_inst(sentinel: Path) -> bytes:
    return f"(S'mkdir {sentinel}'\nios\nsystem\n.".encode()


@hostile("os.system")
def the_opcode_obj(sentinel: Path) -> bytes:
    return f"(cos\nsystem\nS'mkdir {sentinel}'\no.".encode()


@hostile("numpy.memmap, the opcode NEWOBJ;")
def the_opcode_newobj(sentinel: Path) -> bytes:
    arguments = text(str(sentinel)) + text("uint8") + text("w+") + b"K\0K\1"
    return whole(name("numpy", "memmap") + pickle.MARK + arguments + pickle.TUPLE + pickle.NEWOBJ)


@hostile("numpy.memmap, the opcode NEWOBJ_EX;")
def the_opcode_newobj_ex(sentinel: Path) -> bytes:
    arguments = text(str(sentinel)) + b"\x85}(" + text("mode") + text("w+") + text("shape") + b"K\1u"
    return whole(name("numpy", "memmap") + arguments + pickle.NEWOBJ_EX)


@hostile("functools.partial")
def a_function_filled_in_by_build_and_then_called(sentinel: Path) -> bytes:
    partial = name("functools", "partial")
    empty = partial + name("builtins", "len") + b"\x85" + pickle.NEWOBJ
    state = b"(" + name("os", "mkdir") + text(str(sentinel)) + b"\x85}Nt"
    return whole(empty + state + pickle.BUILD + b")" + pickle.REDUCE)


@hostile("functools.partial, os.mkdir;")
def a_partial_function(sentinel: Path) -> bytes:
    return whole(call(call(name("functools", "partial"), name("os", "mkdir"), text(str(sentinel)))))


@hostile("builtins.eval")
def evaluated_source(sentinel: Path) -> bytes:
    return whole(call(name("builtins", "eval"), text(f"__import__('os').mkdir({str(sentinel)!r})")))


@hostile("builtins.exec")
def executed_source(sentinel: Path) -> bytes:
    return whole(call(name("builtins", "exec"), text(f"open({str(sentinel)!r}, 'w').close()")))


@hostile("builtins.getattr, builtins.__import__;")
def an_attribute_of_an_import(sentinel: Path) -> bytes:
    module = call(name("builtins", "__import__"), text("os"))
    return whole(call(call(name("builtins", "getattr"), module, text("mkdir")), text(str(sentinel))))


@hostile("operator.methodcaller, pathlib.Path;")
def a_method_of_a_harmless_class(sentinel: Path) -> bytes:
    path = call(name("pathlib", "Path"), text(str(sentinel)))
    return whole(call(call(name("operator", "methodcaller"), text("mkdir")), path))


@hostile("pathlib.os.mkdir;")
def a_dotted_name(sentinel: Path) -> bytes:
    return whole(call(name("pathlib", "os.mkdir"), text(str(sentinel))))


@hostile("numpy.lib.format.os.mkdir;", live=False)
def a_dotted_name_that_starts_in_numpy(sentinel: Path) -> bytes:
    return whole(in_array(call(name("numpy", "lib.format.os.mkdir"), text(str(sentinel)))))


@hostile("numpy.testing._private.utils.runstring;", live=False)
def numpys_own_exec(sentinel: Path) -> bytes:
    source = f"__import__('os').mkdir({str(sentinel)!r})"
    return whole(call(name("numpy.testing._private.utils", "runstring"), text(source), b"}"))


@hostile("numpy.f2py.crackfortran.myeval;", live=False)
def numpys_own_eval(sentinel: Path) -> bytes:
    source = f"__import__('os').mkdir({str(sentinel)!r})"
    return whole(call(name("numpy.f2py.crackfortran", "myeval"), text(source)))


@hostile("_pickle.loads;")
def a_pickle_in_a_pickle(sentinel: Path) -> bytes:
    inner = pickle.dumps(_Reduces(sentinel))
    return whole(call(name("_pickle", "loads"), pickle.BINBYTES + len(inner).to_bytes(4, "little") + inner))


@hostile("os.mkdir;")
def the_argument_of_a_dtype(sentinel: Path) -> bytes:
    return whole(in_array(call(name("numpy", "dtype"), mkdir(sentinel))))


@hostile("os.mkdir;")
def the_state_of_an_array(sentinel: Path) -> bytes:
    array = call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), b"K\0\x85", b"C\1b")
    return whole(array + mkdir(sentinel) + pickle.BUILD)


@hostile("numpy.memmap;", live=False)
def an_array_of_another_class(sentinel: Path) -> bytes:
    array = call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "memmap"), b"K\0\x85", b"C\1b")
    return whole(array)


@hostile("the opcode PERSID;", live=False)
def a_persistent_id(sentinel: Path) -> bytes:
    return f"P{sentinel}\n.".encode()


@hostile("the opcode BINPERSID;", live=False)
def a_persistent_id_on_the_stack(sentinel: Path) -> bytes:
    return whole(text(str(sentinel)) + pickle.BINPERSID)


@hostile("the opcode EXT1;", live=False)
def the_extension_registry(sentinel: Path) -> bytes:
    return whole(call(pickle.EXT1 + b"\1", text(str(sentinel))))


@hostile("the opcode EXT2;", live=False)
def the_extension_registry_with_two_bytes(sentinel: Path) -> bytes:
    return whole(call(pickle.EXT2 + b"\1\0", text(str(sentinel))))


@hostile("the opcode EXT4;", live=False)
def the_extension_registry_with_four_bytes(sentinel: Path) -> bytes:
    return whole(call(pickle.EXT4 + b"\1\0\0\0", text(str(sentinel))))


@hostile("os.mkdir, the opcode NEXT_BUFFER;", live=False)
def a_buffer_from_outside(sentinel: Path) -> bytes:
    return whole(mkdir(sentinel) + pickle.NEXT_BUFFER)


@hostile("builtins.getattr, numpy.core.multiarray.sys.modules;", live=False)
def the_loaded_modules(sentinel: Path) -> bytes:
    modules = name("numpy", "core.multiarray.sys.modules")
    return whole(call(call(name("builtins", "getattr"), modules, text("get")), text("os")))


@hostile("os.mkdir;", live=False)
def a_call_followed_by_damage(sentinel: Path) -> bytes:
    return whole(mkdir(sentinel) + pickle.TUPLE)


@hostile("numpy.lib._datasource.open;", live=False)
def numpys_own_downloader(sentinel: Path) -> bytes:
    return whole(call(name("numpy.lib._datasource", "open"), text("http://localhost:9/x")))


@hostile("numpy.matrix;", live=False)
def a_matrix(sentinel: Path) -> bytes:
    return whole(name("numpy", "matrix"))


@hostile("collections.OrderedDict;", live=False)
def an_ordered_dict(sentinel: Path) -> bytes:
    return whole(call(name("collections", "OrderedDict")) + b"(" + text("a") + b"K\1u")


@hostile("the opcode EMPTY_SET;", live=False)
def a_set(sentinel: Path) -> bytes:
    return pickle.dumps({1, 2}, protocol=4)


@hostile("builtins.complex;", live=False)
def a_complex_number(sentinel: Path) -> bytes:
    return pickle.dumps(1j, protocol=4)


@hostile(r"'os\nsystem.x\x1b[2J'", live=False)
def a_name_that_would_write_over_the_terminal(sentinel: Path) -> bytes:
    return whole(name("os\nsystem", "x\x1b[2J"))
