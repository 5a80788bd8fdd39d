"""Figures, each built once for the data that it shows: building takes longer than drawing a page.

They are shared between sessions, so nobody may change one; exports work on copies.
"""

import streamlit as st

from backend.figures import (
    compression,
    compression_costs,
    compression_maps,
    confound,
    inflated,
    layers,
    published,
    scale,
)

_KEPT = 64

inflated_figure = st.cache_resource(
    inflated.inflated_figure, max_entries=8, show_spinner="Drawing the surface"
)
layer_figure = st.cache_resource(layers.layer_figure, max_entries=_KEPT, show_spinner=False)
scale_figure = st.cache_resource(scale.scale_figure, max_entries=_KEPT, show_spinner=False)
forest_figure = st.cache_resource(compression.forest_figure, max_entries=_KEPT, show_spinner=False)
trade_off_figure = st.cache_resource(
    compression_costs.trade_off_figure, max_entries=_KEPT, show_spinner=False
)
compression_map_figure = st.cache_resource(
    compression_maps.map_figure, max_entries=_KEPT, show_spinner=False
)
confound_figure = st.cache_resource(confound.confound_figure, max_entries=_KEPT, show_spinner=False)
published_layer_figure = st.cache_resource(
    published.published_layer_figure, max_entries=_KEPT, show_spinner=False
)
