"""The plant rooms of the building: air handling, heating circuits, boiler and chiller. Pure functions over the values."""

from __future__ import annotations

from collections.abc import Sequence

from vizclient.simulator.motion import Values, clamp, toward


def advance_air_handling(v: Values, unit: int, dt: float, wall: float, hour: float, rooms: Sequence[int]) -> None:
    """Air handling unit `unit`, which serves `rooms`. A fan that is switched off, or trips, stops its air."""
    at, mode = f"BACnet/AHU{unit}", v[f"BACnet/AHU{unit}/Mode"]
    wanted = mode in (2, 3, 4) or (mode == 1 and 6.5 < hour < 19.0)
    limit = 100.0 if mode == 4 else 40.0 if mode == 3 else None
    for fan in ("Supply", "Extract"):
        _advance_motor(v, f"{at}/{fan}Fan", wall, wanted=wanted, speed=limit)
        speed = v[f"{at}/{fan}Fan/Speed"]
        v[f"{at}/{fan}Fan/Power"] = 8.0 * (speed / 100.0) ** 3
        clog = v[f".clog/{unit}/{fan}"] = v[f".clog/{unit}/{fan}"] + speed * dt * 2e-9
        v[f"{at}/{fan}Filter/Pressure"] = 180.0 * (1.0 + clog) * (speed / 100.0) ** 2
        v[f"{at}/{fan}Filter/Dirty"] = clog > 1.0
        v[f"{at}/{fan}Air/Flow"] = 120.0 * speed * (1.0 - 0.08 * clog)
    supply = v[f"{at}/SupplyFan/Speed"]
    running = supply > 5.0
    v[f"{at}/SupplyAir/Pressure"] = 480.0 * (supply / 100.0) ** 2
    _advance_dampers(v, at, wall, running=running, recirculate=mode == 3)
    _advance_air(v, unit, dt, rooms, running=running)
    fault = v[f"{at}/SupplyFan/Fault"] or v[f"{at}/ExtractFan/Fault"]
    v[f"{at}/Alarm"] = fault or v[f"{at}/HeatingCoil/Frost"]
    v[f"{at}/State"] = 3 if fault else 2 if supply > 30.0 else 1 if running or v[f"{at}/SupplyFan/Running"] else 0


def _advance_motor(v: Values, at: str, wall: float, *, wanted: bool, speed: float | None = None) -> None:
    """A fan or pump with a drive that takes some seconds from standstill to full speed and back."""
    on = wanted and v[f"{at}/Command"] and not v[f"{at}/Fault"]
    target = (v[f"{at}/SpeedSetpoint"] if speed is None else speed) if on else 0.0
    now = v[f"{at}/Speed"]
    v[f"{at}/Speed"] = now + clamp(target - now, -25.0 * wall, 20.0 * wall)
    v[f"{at}/Running"] = v[f"{at}/Speed"] > 0.5
    if v[f"{at}/Running"]:
        v[f"{at}/Hours"] += wall * 60.0 / 3600.0


def _advance_dampers(v: Values, at: str, wall: float, *, running: bool, recirculate: bool) -> None:
    outdoor = (20.0 if recirculate else 100.0) if running else 0.0
    for damper, target in (
        ("Outdoor", outdoor),
        ("Exhaust", outdoor),
        ("Recirculation", 100.0 - outdoor if running else 0.0),
    ):
        now = v[f"{at}/{damper}Damper/Position"]
        v[f"{at}/{damper}Damper/Position"] = now + clamp(target - now, -10.0 * wall, 10.0 * wall)


def _advance_air(v: Values, unit: int, dt: float, rooms: Sequence[int], *, running: bool) -> None:
    at = f"BACnet/AHU{unit}"
    count = len(rooms)
    extract = sum(v[f"KNX/F{room // 100}/Office{room}/Temperature"] for room in rooms) / count + 0.6
    co2 = sum(v[f"KNX/F{room // 100}/Office{room}/CO2"] for room in rooms) / count
    outdoor = v["HTTP/Weather/Temperature"] + 0.3 * unit
    v[f"{at}/OutdoorAir/Temperature"] = toward(v[f"{at}/OutdoorAir/Temperature"], outdoor, dt, 120)
    v[f"{at}/OutdoorAir/Humidity"] = toward(v[f"{at}/OutdoorAir/Humidity"], v["HTTP/Weather/Humidity"], dt, 300)
    v[f"{at}/ExtractAir/Temperature"] = extract = toward(v[f"{at}/ExtractAir/Temperature"], extract, dt, 240)
    v[f"{at}/ExtractAir/CO2"] = toward(v[f"{at}/ExtractAir/CO2"], co2 if running else 420.0, dt, 300)
    outdoor, supply = v[f"{at}/OutdoorAir/Temperature"], v[f"{at}/SupplyAir/Temperature"]
    setpoint = v[f"{at}/SupplyAir/Setpoint"]

    recover = running and outdoor < extract and outdoor < setpoint
    wheel = clamp((setpoint - outdoor) * 9.0, 0.0, 100.0) if recover else 0.0
    v[f"{at}/HeatRecovery/Speed"] = toward(v[f"{at}/HeatRecovery/Speed"], wheel, dt, 90)
    v[f"{at}/HeatRecovery/Running"] = v[f"{at}/HeatRecovery/Speed"] > 2.0
    efficiency = v[f"{at}/HeatRecovery/Efficiency"] = 0.75 * v[f"{at}/HeatRecovery/Speed"]
    recovered = efficiency / 100.0 * (extract - outdoor)
    recirculated = v[f"{at}/RecirculationDamper/Position"] / 100.0
    mixed = outdoor + max(recovered, recirculated * (extract - outdoor))

    error = setpoint - supply
    heat = v[f".heat/{unit}"] = clamp(v[f".heat/{unit}"] + error * dt * 0.02, 0.0, 100.0) if running else 0.0
    cool = v[f".cool/{unit}"] = clamp(v[f".cool/{unit}"] - (error + 0.3) * dt * 0.02, 0.0, 100.0) if running else 0.0
    for coil, valve in (("Heating", heat + 8.0 * max(error, 0.0) if running else 5.0), ("Cooling", cool)):
        v[f"{at}/{coil}Coil/Valve"] = toward(v[f"{at}/{coil}Coil/Valve"], clamp(valve, 0.0, 100.0), dt, 40)
    hot, cold = v["BACnet/HC3/SupplyTemperature"], v["Modbus/Chiller1/SupplyTemperature"]
    v[f"{at}/HeatingCoil/WaterTemperature"] = toward(v[f"{at}/HeatingCoil/WaterTemperature"], hot - 2.0, dt, 120)
    v[f"{at}/CoolingCoil/WaterTemperature"] = toward(v[f"{at}/CoolingCoil/WaterTemperature"], cold + 1.0, dt, 120)

    heated = mixed + v[f"{at}/HeatingCoil/Valve"] / 100.0 * 0.5 * max(0.0, hot - mixed)
    cooled = heated - v[f"{at}/CoolingCoil/Valve"] / 100.0 * 0.6 * max(0.0, heated - cold)
    blown = cooled + 0.8 * v[f"{at}/SupplyFan/Speed"] / 100.0
    v[f"{at}/SupplyAir/Temperature"] = toward(supply, blown, dt, 90) if running else toward(supply, 18.0, dt, 2400)
    v[f"{at}/HeatingCoil/Frost"] = running and v[f"{at}/SupplyAir/Temperature"] < (
        6.0 if v[f"{at}/HeatingCoil/Frost"] else 4.0
    )
    exhaust = extract - recovered if running else 16.0
    v[f"{at}/ExhaustAir/Temperature"] = toward(v[f"{at}/ExhaustAir/Temperature"], exhaust, dt, 180)
    v[f"{at}/SupplyAir/Humidity"] = toward(v[f"{at}/SupplyAir/Humidity"], 30.0 + 1.2 * max(outdoor, 0.0), dt, 600)
    v[f"{at}/ExtractAir/Humidity"] = toward(v[f"{at}/ExtractAir/Humidity"], 35.0 + max(outdoor, 0.0), dt, 900)


def advance_heating(v: Values, dt: float, wall: float, hour: float) -> None:
    """The three heating circuits: the mixing valve holds the supply temperature that the mode asks for."""
    outside, boiler = v["HTTP/Weather/Temperature"], v["Modbus/Boiler1/SupplyTemperature"]
    for circuit in (1, 2, 3):
        at, mode = f"BACnet/HC{circuit}", v[f"BACnet/HC{circuit}/Mode"]
        night = mode == 3 or (mode == 1 and not 5.5 < hour < 20.0)
        _advance_motor(v, f"{at}/Pump", wall, wanted=mode != 0)
        curve = 28.0 + v[f"{at}/CurveSlope"] * (20.0 - outside)
        wanted = (curve if mode == 1 else v[f"{at}/SupplySetpoint"]) - (10.0 if night else 0.0)
        flow = v[f"{at}/Pump/Speed"] / 100.0
        supply, back = v[f"{at}/SupplyTemperature"], v[f"{at}/ReturnTemperature"]
        error = wanted - supply
        mixer = v[f".mixer/{circuit}"] = clamp(v[f".mixer/{circuit}"] + error * dt * 0.004, 0.0, 100.0)
        target = clamp(mixer + 2.0 * error, 0.0, 100.0) if flow > 0.05 else 0.0
        v[f"{at}/Mixer/Position"] = toward(v[f"{at}/Mixer/Position"], target, dt, 120)
        mixed = back + v[f"{at}/Mixer/Position"] / 100.0 * max(0.0, boiler - back)
        v[f"{at}/SupplyTemperature"] = toward(supply, mixed, dt, 120) if flow > 0.05 else toward(supply, 24.0, dt, 3600)
        spread = 0.28 * max(0.0, v[f"{at}/SupplyTemperature"] - 21.0)
        v[f"{at}/ReturnTemperature"] = toward(back, v[f"{at}/SupplyTemperature"] - spread, dt, 300)
        v[f"{at}/Pressure"] = 1.6 + 0.006 * (v[f"{at}/SupplyTemperature"] - 45.0) + 0.1 * flow


def advance_machines(v: Values, dt: float, wall: float) -> None:
    """Boiler and chiller: both switch with hysteresis around their set-point and follow the load."""
    _advance_boiler(v, dt)
    _advance_chiller(v, dt, wall)


def _advance_boiler(v: Values, dt: float) -> None:
    at = "Modbus/Boiler1"
    supply, setpoint = v[f"{at}/SupplyTemperature"], v[f"{at}/Setpoint"]
    returns = [v[f"BACnet/HC{circuit}/ReturnTemperature"] for circuit in (1, 2, 3)]
    load = sum(
        4.0
        * max(0.0, v[f"BACnet/HC{circuit}/SupplyTemperature"] - v[f"BACnet/HC{circuit}/ReturnTemperature"])
        * v[f"BACnet/HC{circuit}/Pump/Speed"]
        / 100.0
        for circuit in (1, 2, 3)
    )
    able = v[f"{at}/Enable"] and not v[f"{at}/Fault"]
    was = v[f"{at}/Running"]
    v[f"{at}/Running"] = running = able and (supply < setpoint + 5.0 if was else supply < setpoint - 5.0)
    v[f"{at}/BurnerStarts"] += running and not was
    modulation = clamp(load / 2.0 + 6.0 * (setpoint - supply), 20.0, 100.0) if running else 0.0
    v[f"{at}/Modulation"] = toward(v[f"{at}/Modulation"], modulation, dt, 60)
    v[f"{at}/Power"] = 2.0 * v[f"{at}/Modulation"]
    losses = 0.02 * (supply - 20.0)
    v[f"{at}/SupplyTemperature"] = clamp(supply + (v[f"{at}/Power"] - load - losses) * dt / 3000.0, 15.0, 110.0)
    v[f"{at}/ReturnTemperature"] = toward(v[f"{at}/ReturnTemperature"], sum(returns) / 3.0, dt, 300)
    gas = v[f"{at}/SupplyTemperature"] + 0.4 * v[f"{at}/Modulation"] if running else 40.0
    v[f"{at}/FlueGasTemperature"] = toward(v[f"{at}/FlueGasTemperature"], gas, dt, 200)
    v[f"{at}/State"] = 4 if v[f"{at}/Fault"] else 3 if running else 1 if able else 0


def _advance_chiller(v: Values, dt: float, wall: float) -> None:
    at = "Modbus/Chiller1"
    supply, setpoint = v[f"{at}/SupplyTemperature"], v[f"{at}/Setpoint"]
    demand = max(v[f"BACnet/AHU{unit}/CoolingCoil/Valve"] for unit in (1, 2))
    able = v[f"{at}/Enable"] and not v[f"{at}/Fault"]
    was = v[f"{at}/Running"]
    v[f"{at}/Running"] = running = able and (supply > setpoint - 1.0 if was else supply > setpoint + 2.0)
    load = clamp(demand * 0.7 + 8.0 * (supply - setpoint), 15.0, 100.0) if running else 0.0
    v[f"{at}/Load"] = load = toward(v[f"{at}/Load"], load, dt, 90)
    v[f"{at}/SupplyTemperature"] = clamp(supply + (demand * 0.05 + 1.0 - load * 0.08) * dt / 600.0, 2.0, 30.0)
    v[f"{at}/ReturnTemperature"] = toward(v[f"{at}/ReturnTemperature"], supply + 0.5 + 0.05 * load, dt, 180)
    v[f"{at}/COP"] = 5.2 - 0.06 * max(0.0, v["HTTP/Weather/Temperature"]) - 0.008 * load
    v[f"{at}/Power"] = 1.2 * load / v[f"{at}/COP"]
    if running:
        v[f"{at}/CompressorHours"] += wall * 60.0 / 3600.0
    v[f"{at}/State"] = 4 if v[f"{at}/Fault"] else 3 if running else 1 if able else 0
