"""The verbs, for programs and notebooks: what a command line decides is decided here, and by nobody else.

What a verb is made of belongs to the rooms above. Nothing here prints, but for the progress that is asked for.
"""

import warnings

# Optuna loads tqdm, which in a notebook complains of a widget that nothing here uses.
warnings.filterwarnings("ignore", message="IProgress not found")
